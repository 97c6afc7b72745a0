"""Owns how arguments are parsed: argparse made to speak in the error shape of lithify.

argparse is loaded with this module and therefore only by commands that have arguments. Boolean flags take `=true` and
`=false` as docker's do. It refuses abbreviated flags: they break when a flag is added.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from lithify.cli.door import ISOLATIONS
from lithify.errors import UsageError, closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cli.door import Door

_TRUE = frozenset(("1", "t", "true"))
_FALSE = frozenset(("0", "f", "false"))


class CommandParser(argparse.ArgumentParser):
    """A parser that raises UsageError where argparse would print and exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"see `{self.prog} --help`")

    def flags(self) -> tuple[str, ...]:
        """Every long flag, for suggestions."""
        return tuple(name for name in self._option_string_actions if name.startswith("--"))

    def switches(self) -> frozenset[str]:
        """Long flags that take no value."""
        return frozenset(
            name
            for name, action in self._option_string_actions.items()
            if name.startswith("--") and action.nargs == 0 and action.dest != "help"
        )


def command_parser(command: str, description: str, *, usage: str = "") -> CommandParser:
    """A parser for one command, with the global options already in it."""
    parser = CommandParser(
        prog=f"lithify {command}",
        description=description,
        usage=f"lithify {command} {usage}" if usage else None,
        allow_abbrev=False,
    )
    shared = parser.add_argument_group("global options")
    shared.add_argument("--root", metavar="DIR", help="where the store is")
    shared.add_argument("--isolation", choices=ISOLATIONS, help="how RUN steps are isolated")
    shared.add_argument("--debug", action="store_true", help="show tracebacks of bugs")
    return parser


def parse(
    parser: CommandParser, arguments: Sequence[str], door: Door, *, remainder: bool = False
) -> argparse.Namespace:
    """Parse, and hand global options to the door; `remainder` keeps all after a positional as is."""
    words = list(arguments) if remainder else _plain_switches(parser, arguments)
    if remainder:
        found, extra = parser.parse_known_args(words)
    else:
        found, extra = parser.parse_known_intermixed_args(words)
    if extra:
        raise _unexpected(parser, extra)
    door.root = found.root or door.root
    door.isolation = found.isolation or door.isolation
    door.debug = found.debug or door.debug
    return found


def _plain_switches(parser: CommandParser, arguments: Sequence[str]) -> list[str]:
    """`--flag=true` becomes `--flag`; `--flag=false` takes earlier ones back."""
    switches = parser.switches()
    words: list[str] = []
    for at, word in enumerate(arguments):
        if word == "--":
            return words + list(arguments[at:])
        name, equals, value = word.partition("=")
        if not equals or name not in switches:
            words.append(word)
        elif value.lower() in _TRUE:
            words.append(name)
        elif value.lower() in _FALSE:
            words = [other for other in words if other != name]
        else:
            raise UsageError(f"{name}: {value!r} is neither true nor false")
    return words


def _unexpected(parser: CommandParser, extra: Sequence[str]) -> UsageError:
    hint = f"see `{parser.prog} --help`"
    flag = next((word for word in extra if word.startswith("-") and word != "-"), "")
    if not flag:
        return UsageError(f"unexpected argument: {extra[0]}", hint=hint)
    name = flag.partition("=")[0]
    near = closest(name, parser.flags())
    suggestion = f" (did you mean {near}?)" if near else ""
    return UsageError(f"unknown flag: {name}{suggestion}", hint=hint)
