"""Owns where the characters of a script stand in the Dockerfile.

A script's text is put together from the pieces of lines that are continued, from elements of JSON arrays and from
bodies of heredocs; an editor wants to mark the very word. It refuses to know what a script is.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import Span
from lithify.grammar.source import LineReader, LineTooLong

if TYPE_CHECKING:
    from lithify.errors import SourceText
    from lithify.grammar.ast import Heredoc, Instruction

_JSON_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_TABS = re.compile(r"^\t+", re.MULTILINE)

_Segments = tuple[tuple[int, int], ...]


class Placed(NamedTuple):
    """A text and where its pieces stand: pairs of an offset in the text and one in the source."""

    text: str
    source: SourceText
    segments: _Segments

    def span_of(self, start: int, end: int) -> Span:
        """The source range of a range of the text."""
        begin = self._offset(start)
        return Span(self.source, begin, self._offset(end - 1) + 1 if end > start else begin)

    def _offset(self, at: int) -> int:
        index = bisect_right(self.segments, at, key=_first) - 1
        start, offset = self.segments[max(0, index)]
        return offset + at - start

    def part(self, start: int, end: int) -> Placed:
        """A part of the text by itself."""
        first = bisect_right(self.segments, start, key=_first)
        last = bisect_left(self.segments, end, key=_first)
        inside = ((at - start, to) for at, to in self.segments[first:last])
        return Placed(self.text[start:end], self.source, ((0, self._offset(start)), *inside))


def joined(pieces: list[Placed], separator: str) -> Placed:
    """Several texts as one; the separators have no place of their own."""
    segments: list[tuple[int, int]] = []
    at = 0
    for piece in pieces:
        segments += ((at + start, offset) for start, offset in piece.segments)
        at += len(piece.text) + len(separator)
    text = separator.join(piece.text for piece in pieces)
    return Placed(text, pieces[0].source, tuple(segments))


def command_place(text: str, instruction: Instruction, escape: str) -> Placed | None:
    """The place of a command that ends an instruction's line; None if the line has another end."""
    source = instruction.span.source
    try:
        line = LineReader(source, at=instruction.span.start, escape=escape).next_line()
    except LineTooLong:
        return None
    if line is None:
        return None
    whole = Placed(line.text, source, line.segments)
    end = line.text.rfind(text) + len(text)
    is_suffix = end >= len(text) and not line.text[end:].strip()
    return whole.part(end - len(text), end) if is_suffix else None


def array_place(array: Placed, args: tuple[str, ...]) -> Placed | None:
    """The elements of a JSON array joined by blanks; None if they are none of its strings."""
    matches = list(_JSON_STRING.finditer(array.text))
    if not args or len(matches) != len(args):
        return None
    pieces: list[Placed] = []
    for match, arg in zip(matches, args, strict=True):
        place = array.part(match.start(1), match.end(1))
        segments = place.segments if arg == match[1] else place.segments[:1]
        pieces.append(Placed(arg, array.source, segments))
    return joined(pieces, " ")


def body_place(heredoc: Heredoc, place: Heredoc) -> Placed:
    """The body of a heredoc as the shell gets it; `place` is the heredoc as the file has it."""
    source, start = place.body_span.source, place.body_span.start
    if not heredoc.chomp:
        return Placed(heredoc.content, source, ((0, start),))
    pieces = _without_tabs(heredoc.content, start)
    segments = _segments_of(pieces)
    return Placed("".join(text for text, _ in pieces), source, segments or ((0, start),))


def _without_tabs(content: str, start: int) -> list[tuple[str, int]]:
    """The lines' texts behind their tabs, and the offsets of these."""
    cuts = [match.span() for match in _TABS.finditer(content)]
    begins = chain((0,), (end for _, end in cuts))
    ends = chain((begin for begin, _ in cuts), (len(content),))
    return [
        (content[begin:end], start + begin)
        for begin, end in zip(begins, ends, strict=True)
        if end > begin
    ]


def _segments_of(pieces: list[tuple[str, int]]) -> _Segments:
    segments: list[tuple[int, int]] = []
    at = 0
    for text, offset in pieces:
        segments.append((at, offset))
        at += len(text)
    return tuple(segments)


def _first(segment: tuple[int, int]) -> int:
    return segment[0]
