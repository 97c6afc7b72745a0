"""Owns HEALTHCHECK and its durations. Specification: sections 0 (ParseDuration), 1.10 and 3.11."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.cache.oci import Healthcheck as HealthcheckConfig
from lithify.compiler.lower.context import configured
from lithify.errors import SourceError
from lithify.grammar.ast import ExecForm
from lithify.grammar.words import quoted
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Change, Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Healthcheck

_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_LONGEST_NS = 2**63 - 1
_SHORTEST_NS = 1_000_000
_MOST_RETRIES = 2**31 - 1
_MOST_DIGITS = 40


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as `1h30m` or `1.5s`. Raises ValueError in Go's words."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    invalid = ValueError(f"time: invalid duration {quoted(text)}")
    if not rest or len(rest) > _MOST_DIGITS:
        raise invalid
    from fractions import Fraction  # few files have durations

    total = Fraction(0)
    while rest:
        match = _PART.match(rest)
        assert match is not None
        whole, decimals, unit = match[1], match[2] or "", match[3]
        if not whole and not decimals:
            raise invalid
        if not unit:
            raise ValueError(f"time: missing unit in duration {quoted(text)}")
        if unit not in _UNITS_NS:
            raise ValueError(f"time: unknown unit {quoted(unit)} in duration {quoted(text)}")
        number = Fraction(int(whole or "0")) + Fraction(int(decimals or "0"), 10 ** len(decimals))
        total += number * _UNITS_NS[unit]
        rest = rest[match.end() :]
    if total > _LONGEST_NS:
        raise invalid
    return sign * int(total)


def show_duration(nanoseconds: int) -> str:
    """A duration as Go prints it: `1m30s`, `100ms`, `0s`."""
    if nanoseconds == 0:
        return "0s"
    for unit, size in (("ns", 1), ("\u00b5s", 1_000), ("ms", 1_000_000)):
        if nanoseconds < size * 1000:
            return _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, _UNITS_NS["m"])
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if hours or minutes else ""
    return text + _decimal(rest, _UNITS_NS["s"]) + "s"


def _decimal(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    decimals = f"{rest:0{len(str(size)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{decimals}" if decimals else str(whole)


def lower_healthcheck(instruction: Healthcheck, state: StageState, lowering: Lowering) -> Change:
    """Replace the whole inherited health check."""
    health = read_healthcheck(instruction)
    config = replace(state.config, healthcheck=health)
    return configured(state, config, f"HEALTHCHECK {_shown(health)}")


def read_healthcheck(instruction: Healthcheck) -> HealthcheckConfig:
    """The health check with its flags read. Raises SourceError at a wrong flag."""
    command = instruction.command
    if command is None:
        return HealthcheckConfig(("NONE",))
    if isinstance(command, ExecForm):
        test = ("CMD", *command.args)
    else:
        test = ("CMD-SHELL", command.text)
    return HealthcheckConfig(
        test,
        _interval(instruction, "interval"),
        _interval(instruction, "timeout"),
        _interval(instruction, "start-period"),
        _interval(instruction, "start-interval"),
        _retries(instruction),
    )


def _interval(instruction: Healthcheck, name: str) -> int:
    flag = instruction.flag(name)
    if flag is None or not flag.value:
        return 0
    try:
        duration = parse_duration(flag.value)
    except ValueError as error:
        raise SourceError(str(error), span=flag.span) from error
    if duration and duration < _SHORTEST_NS:
        raise SourceError(f"Interval {quoted(name)} cannot be less than 1ms", span=flag.span)
    return duration


def _retries(instruction: Healthcheck) -> int:
    flag = instruction.flag("retries")
    if flag is None or not flag.value:
        return 0
    digits = flag.value[1:] if flag.value[0] in "+-" else flag.value
    if not (digits.isascii() and digits.isdigit() and len(digits) < 11):
        raise SourceError(f"--retries is not a number: {quoted(flag.value)}", span=flag.span)
    retries = int(flag.value)
    if retries < 0:
        raise SourceError(f"--retries cannot be negative ({retries})", span=flag.span)
    if retries > _MOST_RETRIES:
        raise SourceError(f"--retries is out of range: {retries}", span=flag.span)
    return retries


def _shown(health: HealthcheckConfig) -> str:
    return (
        f"{{Test:[{' '.join(health.test)}] Interval:{show_duration(health.interval)} "
        f"Timeout:{show_duration(health.timeout)} StartPeriod:{show_duration(health.start_period)} "
        f"StartInterval:{show_duration(health.start_interval)} Retries:{health.retries}}}"
    )
