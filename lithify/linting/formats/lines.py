"""Owns the forms with one line for each finding: hadolint's own, and that of GNU tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.formats.table import Look
    from lithify.linting.report import FileReport, Item

_COLOURS = {"error": "31", "warning": "33", "info": "32", "style": "36"}


def tty(reports: Sequence[FileReport], look: Look) -> str:
    """`file:line CODE level: message`; a syntax error has a column, too."""
    return "".join(_tty(item, look) for report in reports for item in report.items)


def _tty(item: Item, look: Look) -> str:
    place = item.place
    if look.is_compatible and item.code == "DL1000":
        return f"{item.file}:{place.line}:{place.column} {_one_line(item.message)} \n"
    column = "" if look.is_compatible else f":{place.column}"
    level = item.level
    if look.has_colour:
        level = f"\x1b[1;{_COLOURS[item.level]}m{item.level}\x1b[0m"
    return f"{item.file}:{place.line}{column} {item.code} {level}: {_one_line(item.message)}\n"


def gnu(reports: Sequence[FileReport], look: Look) -> str:
    """`program:file:line:column: CODE level: message`."""
    return "".join(_gnu(item, look) for report in reports for item in report.items)


def _gnu(item: Item, look: Look) -> str:
    place, message = item.place, _one_line(item.message)
    if not look.is_compatible:
        where = f"{item.file}:{place.line}:{place.column}"
        return f"lithify:{where}: {item.code} {item.level}: {message}\n"
    if item.code == "DL1000":
        return f"hadolint:{item.file}:{place.line}:{place.column}: {message} \n"
    return f"hadolint:{item.file}:{place.line}: {item.code} {item.level}: {message}\n"


def _one_line(message: str) -> str:
    return message.replace("\n", " ")
