"""Owns tables and the human forms of sizes, times and digests, as docker shows them.

They are read by scripts as much as by people, hence no decoration. It refuses to read the clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPANS = ((365 * 86400, "year"), (30 * 86400, "month"), (7 * 86400, "week"), (86400, "day"))
_CLOCK_SPANS = ((3600, "hour"), (60, "minute"), (1, "second"))


def render_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, three spaces apart; no trailing spaces."""
    cells = [tuple(header), *(tuple(clean_line(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = (
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return "\n".join(lines) + "\n"


def human_size(size_bytes: int) -> str:
    """Three significant digits in powers of 1000: 0B, 4.27MB, 118MB."""
    size = float(size_bytes)
    units = ("B", "kB", "MB", "GB", "TB", "PB")
    at = 0
    while size >= 999.5 and at < len(units) - 1:
        size /= 1000
        at += 1
    return f"{size:.3g}{units[at]}"


def human_age(created: str, now_s: float) -> str:
    """How long ago an RFC 3339 time was; N/A if it is not one."""
    from datetime import datetime

    try:
        seconds = int(now_s - datetime.fromisoformat(created).timestamp())
    except (ValueError, OverflowError):
        return "N/A"
    for span, unit in (*_SPANS, *_CLOCK_SPANS):
        if seconds >= span * (2 if unit in ("year", "month", "week") else 1):
            count = seconds // span
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "Less than a second ago"


def short_digest(digest: str) -> str:
    """The first twelve hexadecimal digits."""
    return digest.partition(":")[2][:12] or digest[:12]


def shorten(text: str, most: int) -> str:
    """At most so many characters, the last being an ellipsis if something was cut."""
    return text if len(text) <= most else text[: most - 1] + "…"
