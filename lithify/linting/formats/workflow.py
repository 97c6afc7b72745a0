"""Owns the form that GitHub's runners turn into remarks on lines: workflow commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice", "style": "notice"}


def github(reports: Sequence[FileReport], look: Look) -> str:
    """A command for each finding."""
    return "".join(_command(item, look) for report in reports for item in report.items)


def _command(item: Item, look: Look) -> str:
    place = item.place
    properties = {
        "file": look.path or item.file,
        "line": place.line,
        "endLine": place.end_line,
        "title": f"{item.slug} ({item.code})",
    }
    # Columns of different lines are refused.
    if place.line == place.end_line:
        properties |= {"col": place.column, "endColumn": max(place.end_column, place.column)}
    shown = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{_COMMANDS[item.level]} {shown}::{_data(item.message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
