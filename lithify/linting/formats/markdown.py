"""Owns the form for comments and summaries: a table in Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_HEAD = "| where | level | rule | what |\n| --- | --- | --- | --- |\n"


def markdown(reports: Sequence[FileReport], look: Look) -> str:
    """A row for each finding."""
    rows = [_row(item, look) for report in reports for item in report.items]
    return _HEAD + "".join(rows) if rows else "No problems found.\n"


def _row(item: Item, look: Look) -> str:
    where = f"{look.path or item.file}:{item.place.line}"
    rule = f"[{item.slug}]({item.url})" if item.url else item.slug
    return f"| {_cell(where)} | {item.level} | {rule} ({item.code}) | {_cell(item.message)} |\n"


def _cell(text: str) -> str:
    """Text that no character of turns into markup or ends its cell."""
    plain = text.replace("\n", " ").replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", plain)
