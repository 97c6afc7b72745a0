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


def span_of(name: str, text: str, place: Place) -> Span:
    """A place as a span of the text."""
    source = _source(name, text)
    start = source.offset(place.line, place.column)
    end = source.offset(place.end_line, place.end_column)
    return Span(source, start, max(start, end))


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
    start = _source("", text).offset(line, 1)
    return len(text[start : start + column - 1].encode("utf-8", "replace")) + 1
