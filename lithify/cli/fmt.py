"""Owns `lithify fmt`: which files are formatted, what is said about them, and the exit status.

One file with mistakes keeps no other from being formatted. It refuses `--range` for several files: lines are of one.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE, FAILED, show_error
from lithify.cli.parser import command_parser, parse
from lithify.errors import LithifyError, UsageError
from lithify.formatting import Choices, format_data, format_file, write_file
from lithify.linting.discovery import find_files
from lithify.rewriting import difference

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cli.door import Door
    from lithify.cli.parser import CommandParser
    from lithify.formatting import Formatted

_STDIN = "-"
_WIDEST_INDENT = 16


def run(arguments: list[str], door: Door) -> int:
    """Format files in place, or standard input to standard output."""
    flags = parse(_parser(), arguments, door)
    choices = Choices(flags.indent, flags.line_ending, _range(flags.range))
    names = find_files(flags.paths or ["."])
    if not names:
        hint = "name the file, if it is called neither Dockerfile nor Containerfile"
        raise LithifyError(f"no Dockerfile below {', '.join(flags.paths or ['.'])}", hint=hint)
    if choices.lines is not None and len(names) > 1:
        raise UsageError("--range is for one file", hint="name one file, or - for standard input")
    changed, failed = 0, 0
    for name in names:
        try:
            changed += _one(name, choices, flags)
        except LithifyError as error:
            show_error(error)
            failed += 1
    if names != [_STDIN]:
        sys.stderr.write(_summary(changed, len(names) - changed - failed, failed, flags))
    return FAILED if failed or (flags.check and changed) else DONE


def _parser() -> CommandParser:
    made = command_parser("fmt", "Format Dockerfiles. What is built stays the same.")
    add = made.add_argument
    paths = "files, folders (every Dockerfile below), or - for standard input (default: .)"
    add("paths", metavar="PATH", nargs="*", help=paths)
    add("--check", action="store_true", help="write nothing; exit with 1 if a file would change")
    add("--diff", action="store_true", help="write nothing; show what would change")
    add("--range", metavar="A:B", help="only what stands on lines A to B, counted from 1")
    add(
        "--indent", metavar="N", type=_indent, help="blanks before a continuation line (default: 4)"
    )
    endings = ("auto", "lf", "crlf")
    add("--line-ending", choices=endings, help="how lines end (default: auto, as most of them do)")
    return made


def _one(name: str, choices: Choices, flags: Namespace) -> bool:
    """Format one file; whether it changed, or would."""
    if name == _STDIN:
        data = sys.stdin.buffer.read()
        formatted = format_data("<stdin>", data, choices, place="Dockerfile")
    else:
        formatted = format_file(name, choices)
    if flags.diff:
        diff = difference(formatted.name, formatted.before, formatted.after)
        _write(diff.encode("utf-8", "surrogateescape"))
    elif name == _STDIN and not flags.check:
        _write(formatted.data)
    if formatted.is_changed and name != _STDIN:
        _put(name, formatted, flags)
    return formatted.is_changed


def _put(name: str, formatted: Formatted, flags: Namespace) -> None:
    if flags.check or flags.diff:
        if not flags.diff:
            sys.stdout.write(f"would format {name}\n")
        return
    write_file(name, formatted)
    sys.stdout.write(f"formatted {name}\n")


def _write(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _summary(changed: int, same: int, failed: int, flags: Namespace) -> str:
    is_dry = flags.check or flags.diff
    parts = [
        f"{_files(changed)} {'would be ' if is_dry else ''}formatted" if changed else "",
        f"{_files(same)} unchanged" if same else "",
        f"{_files(failed)} failed" if failed else "",
    ]
    return ", ".join(filter(None, parts)) + "\n"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _indent(text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text) or int(text) > _WIDEST_INDENT:
        raise UsageError(f"--indent: {text!r} is no number from 0 to {_WIDEST_INDENT}")
    return int(text)


def _range(text: str | None) -> tuple[int, int] | None:
    """`A:B` as two numbers. Raises UsageError."""
    if text is None:
        return None
    match = re.fullmatch("([0-9]{1,9}):([0-9]{1,9})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        hint = "two line numbers, the first from 1 and not above the second: --range 3:10"
        raise UsageError(f"--range: {text!r} is no range of lines", hint=hint)
    return int(match[1]), int(match[2])
