"""Owns `lithify load`: images from an archive, a file or standard input, into the store.

It refuses to wait for an archive from a terminal.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.text import clean_line
from lithify.errors import LithifyError, UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    from lithify.cli.door import Door


def run(arguments: list[str], door: Door) -> int:
    """Load, and print the names (or digests) that were loaded."""
    made = command_parser("load", "Load images from an archive (docker save or OCI layout).")
    made.add_argument("-i", "--input", metavar="FILE", default="-", help="default: standard input")
    made.add_argument("-q", "--quiet", action="store_true", help="print nothing")
    flags = parse(made, arguments, door)
    with opened_archive(flags.input) as stream, door.engine() as engine:
        loaded = engine.load(stream)
    if not flags.quiet:
        sys.stdout.write("".join(f"Loaded image: {clean_line(name)}\n" for name in loaded))
    return DONE


def opened_archive(name: str) -> AbstractContextManager[BinaryIO]:
    """A file, or standard input for '-'. Raises UsageError, LithifyError."""
    if name == "-":
        if sys.stdin.isatty():
            raise UsageError("standard input is a terminal", hint="name a file, or redirect one")
        return nullcontext(sys.stdin.buffer)
    try:
        return open(name, "rb")
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise LithifyError(f"cannot read {name}: {reason}") from error
