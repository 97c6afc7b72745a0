"""Owns `lithify debug`: how a Dockerfile is read, phase by phase, in stable text.

It serves those who work on lithify and those who compare it with other parsers. It refuses to build.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.errors import LithifyError, UsageError, closest

if TYPE_CHECKING:
    from lithify.cli.door import Door

_USAGE = "{ast FILE | instructions [--format json] FILE...}"


def run(arguments: list[str], door: Door) -> int:
    """Run one of the dumps."""
    dumps = {"ast": _ast, "instructions": _instructions}
    if arguments and arguments[0] in dumps:
        return dumps[arguments[0]](arguments[1:], door)
    made = command_parser("debug", "Show how a Dockerfile is read.", usage=_USAGE)
    if arguments and not arguments[0].startswith("-"):
        near = closest(arguments[0], tuple(dumps))
        suggestion = f" (did you mean {near}?)" if near else ""
        raise UsageError(f"unknown dump: {arguments[0]}{suggestion}", hint=f"one of {_USAGE}")
    parse(made, arguments, door)
    raise UsageError("which dump?", hint=f"one of {_USAGE}")


def _ast(arguments: list[str], door: Door) -> int:
    made = command_parser("debug ast", "Show a Dockerfile's syntax tree.")
    made.add_argument("file", metavar="FILE", help="a Dockerfile; - is standard input")
    flags = parse(made, arguments, door)
    data = _read(flags.file)
    with door.engine() as engine:
        tree = engine.debug_ast(flags.file, data)
    sys.stdout.write(tree if tree.endswith("\n") else tree + "\n")
    return DONE


def _instructions(arguments: list[str], door: Door) -> int:
    made = command_parser("debug instructions", "Show Dockerfiles as JSON, one object a line.")
    made.add_argument("--format", choices=("json",), default="json", help="how they are shown")
    made.add_argument("files", metavar="FILE", nargs="+", help="a Dockerfile; - is standard input")
    flags = parse(made, arguments, door)
    files = [(name, _read(name)) for name in flags.files]
    with door.engine() as engine:
        for found in engine.debug_instructions(files):
            sys.stdout.write(json.dumps(found) + "\n")
    return DONE


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise LithifyError(f"cannot read {name}: {(error.strerror or '').lower()}") from error
