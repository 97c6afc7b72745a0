"""Owns which flags each instruction has, of what kind they are, and the messages for wrong ones.

One table, so that a new flag is one line. It refuses to interpret values other than booleans and
the fixed choices of RUN, which the language checks even in stages that are never built.

Specification: section 1.9.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from lithify.errors import SourceError, closest
from lithify.grammar.words import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.grammar.ast import Flag


class FlagKind(Enum):
    """What a flag takes: nothing or a boolean, one value, or a value each time it is given."""

    BOOL = "bool"
    STRING = "string"
    REPEATED = "repeated"


_COPY = {
    "from": FlagKind.STRING,
    "chown": FlagKind.STRING,
    "chmod": FlagKind.STRING,
    "link": FlagKind.BOOL,
    "parents": FlagKind.BOOL,
    "exclude": FlagKind.REPEATED,
}
_ADD = {
    "chown": FlagKind.STRING,
    "chmod": FlagKind.STRING,
    "link": FlagKind.BOOL,
    "keep-git-dir": FlagKind.BOOL,
    "checksum": FlagKind.STRING,
    "unpack": FlagKind.BOOL,
    "exclude": FlagKind.REPEATED,
}
_RUN = {
    "mount": FlagKind.REPEATED,
    "network": FlagKind.STRING,
    "security": FlagKind.STRING,
    "device": FlagKind.REPEATED,
}
_HEALTHCHECK = dict.fromkeys(
    ("interval", "timeout", "start-period", "start-interval", "retries"), FlagKind.STRING
)
#: The flags of each instruction that has any.
FLAGS: Mapping[str, Mapping[str, FlagKind]] = {
    "FROM": {"platform": FlagKind.STRING},
    "RUN": _RUN,
    "COPY": _COPY,
    "ADD": _ADD,
    "HEALTHCHECK": _HEALTHCHECK,
}
_CHOICES = {
    "network": (("default", "none", "host"), "invalid network mode {}"),
    "security": (("sandbox", "insecure"), "security {} is not valid"),
}
_VARIABLE = re.compile(r"\$.")


def check_flags(instruction: str, flags: tuple[Flag, ...]) -> None:
    """Raise `SourceError` at the first flag that the instruction does not allow so."""
    known = FLAGS.get(instruction, {})
    seen: set[str] = set()
    for flag in flags:
        kind = known.get(flag.name)
        if kind is None:
            raise SourceError(
                f"unknown flag: --{flag.name}",
                span=flag.span,
                suggestion=closest(flag.name, tuple(known)),
            )
        if flag.name in seen and kind is not FlagKind.REPEATED:
            raise SourceError(f"duplicate flag specified: --{flag.name}", span=flag.span)
        seen.add(flag.name)
        _check_value(flag, kind)
    if instruction == "RUN":
        for flag in flags:
            _check_choice(flag)


def _check_value(flag: Flag, kind: FlagKind) -> None:
    is_bool = kind is FlagKind.BOOL
    if (is_bool and flag.value == "") or (not is_bool and flag.value is None):
        raise SourceError(f"missing a value on flag: --{flag.name}", span=flag.span)
    if is_bool and flag.value and flag.value.lower() not in ("true", "false"):
        raise SourceError(
            f"expecting boolean value for flag --{flag.name}, not: {flag.value}", span=flag.span
        )


def _check_choice(flag: Flag) -> None:
    choices, message = _CHOICES.get(flag.name, ((), ""))
    if choices and flag.value and flag.value not in choices:
        raise SourceError(
            message.format(quoted(flag.value)),
            span=flag.span,
            suggestion=closest(flag.value, choices),
        )


def check_mount_source(flag: Flag, options: tuple[tuple[str, str | None], ...]) -> None:
    """Raise `SourceError` for a variable in `from=` of a mount; a lone `$` at the end is tolerated."""
    for key, value in options:
        if key == "from" and value and _VARIABLE.search(value):
            raise SourceError(
                "'from' doesn't support variable expansion, define alias stage instead",
                span=flag.span,
            )
