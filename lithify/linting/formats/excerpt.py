"""Owns how a report shows the lines that a finding is about.

It exists because places in a report are numbers, and several forms want text: the shape of an error of ours, and that
of a parser of hadolint's kind. It refuses colours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from lithify.errors import SourceText, Span, render_excerpt

if TYPE_CHECKING:
    from lithify.linting.report import Item, Place


@lru_cache(maxsize=4)
def _source(name: str, text: str) -> SourceText:
    return SourceText(name, text)


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a line and column, both from 1."""
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at + column - 1


def span_of(name: str, text: str, place: Place) -> Span:
    """A place as a span of the text."""
    start = offset_of(text, place.line, place.column)
    end = offset_of(text, place.end_line, place.end_column)
    return Span(_source(name, text), start, max(start, end))


def excerpt(name: str, text: str, place: Place) -> list[str]:
    """The lines of a place, the part that is meant underlined."""
    return render_excerpt(span_of(name, text, place))


def parser_message(item: Item, text: str) -> str:
    """A syntax error as parsers of hadolint's kind show it: place, line, marker, what was met and wanted."""
    place = item.place
    line = _source(item.file, text).line(place.line)
    pad = " " * (len(str(place.line)) + 1)
    marker = " " * (place.column - 1) + "^"
    shown = f"{pad}|\n{place.line} | {line}\n{pad}| {marker}\n"
    return f"{item.file}:{place.line}:{place.column}:\n{shown}{item.message}\n"


def byte_column(text: str, line: int, column: int) -> int:
    """A column counted in bytes of UTF-8, from 1."""
    start = offset_of(text, line, 1)
    return len(text[start : start + column - 1].encode("utf-8", "replace")) + 1
