"""Owns `lithify import`: an image whose one layer is the root file system in a tar.

It refuses addresses: what is fetched is checked by those who fetch it, so download the file first.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.load import opened_archive
from lithify.cli.parser import command_parser, parse
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Import, and print the digest."""
    made = command_parser("import", "Make an image of a root file system in a tar.")
    add = made.add_argument
    add("file", metavar="FILE|-")
    add("name", metavar="NAME[:TAG]", nargs="?", default="")
    add("-m", "--message", metavar="TEXT", default="", help="the comment in its history")
    add("--platform", metavar="P", default="", help="what for (default: this machine)")
    flags = parse(made, arguments, door)
    if "://" in flags.file:
        raise UsageError("import reads files", hint=f"curl -L {flags.file} | lithify import -")
    names = [flags.name] if flags.name else []
    with opened_archive(flags.file) as stream, door.engine() as engine:
        digest = engine.import_tar(stream, names, platform=flags.platform, comment=flags.message)
    sys.stdout.write(f"{digest}\n")
    return DONE
