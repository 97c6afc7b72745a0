"""Owns `lithify export`: an image's whole file system as one tar, as `docker export` gives a container's.

It refuses to write an archive to a terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Export quietly; of `-` the first image of the archive on standard input, which is loaded."""
    made = command_parser("export", "Write an image's file system as a tar.")
    add = made.add_argument
    add("image", metavar="IMAGE|-", help="an image of the store; - loads an archive from stdin")
    add("-o", "--output", metavar="FILE", default="-", help="default: standard output")
    add(
        "--platform", metavar="P", default="", help="which part of an image (default: this machine)"
    )
    flags = parse(made, arguments, door)
    if flags.output == "-" and sys.stdout.isatty():
        raise UsageError("standard output is a terminal", hint="lithify export -o FILE")
    with door.engine() as engine:
        name = flags.image
        if name == "-":
            name = engine.load(sys.stdin.buffer)[0]
        engine.export(name, flags.output, sys.stdout.buffer, platform=flags.platform)
    return DONE
