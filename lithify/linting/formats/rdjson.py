"""Owns the form of reviewdog: diagnostics with suggestions. Its columns count bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lithify.linting.formats.excerpt import byte_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item, Place

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO", "style": "INFO"}


def rdjson(reports: Sequence[FileReport], look: Look) -> str:
    """One document."""
    diagnostics = [
        _diagnostic(item, report.text, look) for report in reports for item in report.items
    ]
    document = {"source": {"name": "lithify"}, "diagnostics": diagnostics}
    return json.dumps(document, sort_keys=True, ensure_ascii=False) + "\n"


def _diagnostic(item: Item, text: str, look: Look) -> dict[str, Any]:
    code = {"value": item.code, **({"url": item.url} if item.url else {})}
    made: dict[str, Any] = {
        "message": item.message,
        "location": {"path": look.path or item.file, "range": _range(item.place, text)},
        "severity": _SEVERITIES[item.level],
        "code": code,
    }
    suggestions = [
        {"range": _range(edit.place, text), "text": edit.text}
        for fix in item.fixes[:1]
        for edit in fix.edits
    ]
    if suggestions:
        made["suggestions"] = suggestions
    return made


def _range(place: Place, text: str) -> dict[str, Any]:
    return {
        "start": {"line": place.line, "column": byte_column(text, place.line, place.column)},
        "end": {
            "line": place.end_line,
            "column": byte_column(text, place.end_line, place.end_column),
        },
    }
