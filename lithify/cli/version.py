"""Owns `lithify version`: which lithify this is.

It is the fast path: nothing but the interpreter and this module is loaded. It refuses to look at the store.
"""

from __future__ import annotations

import sys

import lithify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Print name and version; the only option is --help."""
    if arguments:
        from lithify.cli.parser import command_parser, parse

        parse(command_parser("version", "Show the version."), arguments, door)
    sys.stdout.write(f"lithify {lithify.__version__}\n")
    return 0
