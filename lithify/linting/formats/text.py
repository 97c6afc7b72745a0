"""Owns the form for people: each finding with its line and a marker, and a sum at the end."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from lithify.linting.formats.excerpt import excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_COLOURS = {"error": "1;31", "warning": "1;33", "info": "1;34", "style": "1;36"}


def text(reports: Sequence[FileReport], look: Look) -> str:
    """Findings in the shape of our errors."""
    parts = [_shown(item, report.text, look) for report in reports for item in report.items]
    return "\n".join((*parts, _sum(reports)))


def _shown(item: Item, text: str, look: Look) -> str:
    name = item.slug if item.slug == item.code else f"{item.slug} {item.code}"
    lines = [f"{item.level}[{name}]: {item.message}", *excerpt(item.file, text, item.place)]
    for place, message in item.related:
        lines += [f"   = {message}", *excerpt(item.file, text, place)]
    for fix in item.fixes[:1]:
        kind = "--fix" if fix.is_safe else "--fix --unsafe"
        lines.append(f"   = help: {fix.title} ({kind})")
    shown = "\n".join(lines) + "\n"
    return _coloured(shown, item.level) if look.has_colour else shown


def _coloured(shown: str, level: str) -> str:
    shown = re.sub(r"^(\w+)(\[[^\]]*\]):", f"\x1b[{_COLOURS[level]}m\\1\x1b[0m\\2:", shown, count=1)
    shown = re.sub(r"^( *)-->", "\\1\x1b[1;34m-->\x1b[0m", shown, flags=re.MULTILINE)
    marked = f"\\1\x1b[{_COLOURS[level]}m\\2\x1b[0m"
    return re.sub(r"^( +\| *)(\^+)$", marked, shown, flags=re.MULTILINE)


def _sum(reports: Sequence[FileReport]) -> str:
    read = [report for report in reports if not report.problem]
    files = f"{len(read)} file{'' if len(read) == 1 else 's'}"
    items = [item for report in read for item in report.items]
    if not items:
        return f"no problems found in {files}\n"
    counts = Counter(item.level for item in items)
    levels = ", ".join(
        f"{counts[level]} {_plural(level, counts[level])}" for level in _COLOURS if counts[level]
    )
    fixable = sum(any(fix.is_safe for fix in item.fixes) for item in items)
    tail = f"; --fix repairs {fixable} of them" if fixable else ""
    return f"{levels} in {files}{tail}\n"


def _plural(level: str, count: int) -> str:
    return f"{level}s" if count > 1 and level in ("error", "warning") else level
