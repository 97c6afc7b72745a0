"""Owns `lithify save`: images of the store in one archive that docker, podman and skopeo read.

It refuses to write an archive to a terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.values import COMPRESSIONS
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cli.door import Door

_FORMATS = ("docker-archive", "oci-archive")


def run(arguments: list[str], door: Door) -> int:
    """Save quietly."""
    made = command_parser("save", "Write images into an archive.")
    add = made.add_argument
    add("images", metavar="IMAGE", nargs="+")
    add("-o", "--output", metavar="FILE", default="-", help="default: standard output")
    add("--format", choices=_FORMATS, default=_FORMATS[0], help="both are OCI layouts")
    add("--platform", metavar="P", default="", help="only this part of images")
    add("--compression", choices=COMPRESSIONS, default="gzip", help="of layers not yet compressed")
    flags = parse(made, arguments, door)
    if flags.output == "-" and sys.stdout.isatty():
        raise UsageError("standard output is a terminal", hint="lithify save -o FILE")
    with door.engine() as engine:
        engine.save(
            flags.images,
            flags.output,
            sys.stdout.buffer,
            platform=flags.platform,
            for_docker=flags.format == _FORMATS[0],
            compression=flags.compression,
        )
    return DONE
