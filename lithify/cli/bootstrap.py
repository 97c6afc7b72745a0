"""Owns `lithify bootstrap`: a base image made here, for machines without a registry.

It refuses to name an image other than asked or by what it is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.build_flags import PROGRESS
from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.render import open_face
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Make the base image and print its names."""
    made = command_parser("bootstrap", "Make a base image without any registry.")
    add = made.add_argument
    add("what", metavar="busybox|debian[:SUITE]", nargs="?", default="busybox")
    add("-t", "--tag", metavar="NAME[:TAG]", default="", help="its name (default: what it is)")
    add("--progress", choices=PROGRESS, default="auto", help="how progress is shown")
    flags = parse(made, arguments, door)
    with (
        open_face(flags.progress, sys.stderr, door.environ) as face,
        door.engine() as engine,
    ):
        names = engine.bootstrap(
            flags.what, tag=flags.tag, environment=door.environ, on_event=face.show
        )
    sys.stdout.write("".join(f"{clean_line(name)}\n" for name in names))
    return DONE
