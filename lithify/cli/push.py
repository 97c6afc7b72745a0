"""Owns `lithify push`: images of the store to the registries that their names say.

It prints the digest under which the image is there, which differs from the store's where layers lie uncompressed. It
refuses images by id: an id says no place.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.build_flags import PROGRESS
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.render import open_face
from lithify.cli.text import clean_line
from lithify.cli.values import COMPRESSIONS

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Push one image after the other."""
    made = command_parser("push", "Send images to registries.")
    add = made.add_argument
    add("images", metavar="NAME[:TAG]", nargs="+")
    add("--platform", metavar="P", default="", help="only this part of an image")
    add("--compression", choices=COMPRESSIONS, default="gzip", help="of layers not yet compressed")
    add("-q", "--quiet", action="store_true", help="print only the name and digest")
    add("--progress", choices=PROGRESS, default="auto", help="how progress is shown")
    flags = parse(made, arguments, door)
    progress = "quiet" if flags.quiet else flags.progress
    lines = []
    with (
        open_face(progress, sys.stderr, door.environ) as face,
        door.engine() as engine,
        door.building(engine),
    ):
        for image in flags.images:
            digest = engine.push(
                image, face.show, platform=flags.platform, compression=flags.compression
            )
            lines.append(f"{clean_line(image)}: digest: {digest}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return DONE
