"""Owns `lithify pull`: images from registries into the store.

It prints what docker prints at its end: the digest and the full name. It refuses to pull what is built here.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.build_flags import PROGRESS
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.render import open_face
from lithify.cli.text import clean_line
from lithify.cli.values import platforms

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Pull one image after the other."""
    made = command_parser("pull", "Fetch images from registries.")
    add = made.add_argument
    add("images", metavar="NAME[:TAG|@DIGEST]", nargs="+")
    add("--platform", metavar="P[,P]", default="", help="what for (default: this machine)")
    add("--all-platforms", action="store_true", help="everything that the image has")
    add("-q", "--quiet", action="store_true", help="print only the full name")
    add("--progress", choices=PROGRESS, default="auto", help="how progress is shown")
    flags = parse(made, arguments, door)
    wanted = platforms("--platform", flags.platform) if flags.platform else []
    progress = "quiet" if flags.quiet else flags.progress
    lines = []
    with (
        open_face(progress, sys.stderr, door.environ) as face,
        door.engine() as engine,
        door.building(engine),
    ):
        for image in flags.images:
            name, digest = engine.pull(
                image, face.show, platforms=wanted, all_platforms=flags.all_platforms
            )
            lines += [clean_line(name)] if flags.quiet else [f"Digest: {digest}", clean_line(name)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return DONE
