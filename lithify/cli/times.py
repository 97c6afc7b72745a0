"""Owns times as people give and read them: `24h` before now, and how long ago something was.

They are docker's forms of `until`: a duration, a Unix time, or a date. It refuses to read the clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lithify.cli.table import human_age
from lithify.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def ago(time_s: float, now_s: float) -> str:
    """How long ago a Unix time was; `never` for 0."""
    if not time_s:
        return "never"
    shown = human_age(datetime.fromtimestamp(time_s, UTC).isoformat(), now_s)
    return shown[0].lower() + shown[1:]


def before(flag: str, text: str, now_s: float) -> float:
    """The Unix time that a duration before now, a Unix time or a date means. Raises UsageError."""
    if _DURATION.fullmatch(text):
        return now_s - sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
    if re.fullmatch(r"\d{9,}", text):
        return float(text)
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        hint = "such as 24h, 7d, 2024-05-01 or 2024-05-01T12:00:00Z"
        raise UsageError(f"{flag}: {text!r} is no time", hint=hint) from None
