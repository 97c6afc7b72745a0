r"""Owns the way from characters to logical lines: line ends, continuations, comments, heredoc bodies.

It is split by hand because a line's meaning depends on the escape directive, on being inside a
continuation and on heredocs opened before; none of this is context-free. Every logical line maps
each of its characters back to the source, so that spans stay exact across continuations. It refuses
to look at keywords and arguments.

Specification: sections 1.1, 1.2 and the reading of bodies in 1.7.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from lithify.errors import SourceError, SourceText, Span
from lithify.grammar.ast import Comment
from lithify.values import dataclass

#: Unicode White_Space; `str.isspace` also counts the separators U+001C to U+001F, which is wrong here.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
#: The blanks that separate a keyword from its arguments and the fields of whitespace lists.
ASCII_BLANKS = "\t\v\f\r "
BYTE_ORDER_MARK = "\ufeff"
_LONGEST_LINE_BYTES = 65535


class PhysicalLine(NamedTuple):
    """`text` has no trailing CR or LF; `next` is where the following line starts."""

    text: str
    start: int
    next: int


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """An instruction's characters, continuations joined; `segments` pair logical with source offsets.

    `start` and `end` enclose all physical lines that were read; `place`, when given, is the span of
    everything (a trigger points at its FROM).
    """

    source: SourceText
    text: str
    segments: tuple[tuple[int, int], ...]
    start: int
    end: int
    comments: tuple[Comment, ...] = ()
    has_empty_continuation: bool = False
    place: Span | None = None

    def span(self, start: int, end: int) -> Span:
        """The source range of a range of logical characters; an empty one is behind the character before."""
        if self.place is not None:
            return self.place
        if start < end:
            return Span(self.source, self._offset(start), self._offset(end - 1) + 1)
        begin = self._offset(start - 1) + 1 if start > 0 else self._offset(start)
        return Span(self.source, begin, begin)

    def _offset(self, at: int) -> int:
        if len(self.segments) == 1:
            logical, offset = self.segments[0]
        else:
            index = bisect_right(self.segments, at, key=lambda segment: segment[0]) - 1
            logical, offset = self.segments[max(0, index)]
        return offset + at - logical


@dataclass(frozen=True, slots=True)
class HeredocBody:
    """Raw lines of a body, where they stand, and where the terminator's line ends."""

    content: str
    span: Span
    end: int


class LineTooLong(SourceError):
    """A physical line beyond the limit; nothing after it is read."""


def physical_line(source: SourceText, at: int) -> PhysicalLine:
    """The line that starts at an offset, however long it is."""
    text = source.text
    newline = text.find("\n", at)
    end = len(text) if newline < 0 else newline
    return PhysicalLine(text[at:end].rstrip("\r"), at, end if newline < 0 else newline + 1)


class LineReader:
    """Reads logical lines one after the other, and heredoc bodies in between."""

    def __init__(
        self, source: SourceText, *, at: int = 0, escape: str = "\\", place: Span | None = None
    ) -> None:
        self._source = source
        self._at = max(at, 1 if source.text.startswith(BYTE_ORDER_MARK) else 0)
        self._escape = escape
        self._place = place
        self._documentation: list[Comment] = []
        self.comments: list[Comment] = []

    def next_line(self) -> LogicalLine | None:
        """The next instruction's line, or None at the end; raises `LineTooLong`."""
        while self._at < len(self._source.text):
            line = self._read()
            text = line.text.lstrip(WHITE_SPACE)
            offset = line.start + len(line.text) - len(text)
            if text.startswith("#"):
                self._document(self._comment(text, offset))
            elif text:
                return self._joined(line, text, offset)
        return None

    def read_body(self, name: str, *, chomp: bool) -> HeredocBody | None:
        """The lines up to the terminator; None, with nothing consumed, when there is none."""
        start = self._at
        while self._at < len(self._source.text):
            line = self._read()
            if (line.text.lstrip("\t") if chomp else line.text) == name:
                span = self._place or Span(self._source, start, line.start)
                content = self._source.text[start : line.start]
                return HeredocBody(content, span, _end_of(line))
        self._at = start
        return None

    def _read(self) -> PhysicalLine:
        line = physical_line(self._source, self._at)
        if len(line.text) * 4 > _LONGEST_LINE_BYTES and (
            len(line.text.encode("utf-8", "surrogatepass")) > _LONGEST_LINE_BYTES
        ):
            raise LineTooLong(
                f"dockerfile line greater than max allowed size of {_LONGEST_LINE_BYTES}",
                span=self._place or Span(self._source, line.start, line.start + 1),
            )
        self._at = line.next
        return line

    def _joined(self, line: PhysicalLine, text: str, offset: int) -> LogicalLine:
        """A first line and those that continue it."""
        start = offset
        has_empty = False
        parts: list[str] = []
        segments: list[tuple[int, int]] = []
        length = 0
        text, continues = self._without_continuation(text)
        while True:
            parts.append(text)
            segments.append((length, offset))
            length += len(text)
            following = None
            while continues and following is None and self._at < len(self._source.text):
                line = self._read()
                stripped = line.text.lstrip(WHITE_SPACE)
                if stripped.startswith("#"):
                    self._comment(stripped, line.start + len(line.text) - len(stripped))
                elif not stripped:
                    has_empty = True
                else:
                    following = line
            if following is None:
                break
            text, continues = self._without_continuation(following.text)
            offset = following.start
        documentation, self._documentation = tuple(self._documentation), []
        return LogicalLine(
            self._source, "".join(parts), tuple(segments), start, _end_of(line),
            documentation, has_empty, self._place,
        )  # fmt: skip

    def _without_continuation(self, text: str) -> tuple[str, bool]:
        bare = text.rstrip(" \t")
        if bare.endswith(self._escape) and not bare.endswith(self._escape * 2):
            return bare[:-1], True
        return text, False

    def _comment(self, text: str, offset: int) -> Comment:
        span = self._place or Span(self._source, offset, offset + len(text))
        comment = Comment(text[1:].strip(WHITE_SPACE), span)
        self.comments.append(comment)
        return comment

    def _document(self, comment: Comment) -> None:
        """An empty comment parts what follows from what stood above."""
        if comment.text:
            self._documentation.append(comment)
        else:
            self._documentation.clear()


def _end_of(line: PhysicalLine) -> int:
    """The end of a line's text, so that a span ending there lies on that line even if it is empty."""
    return line.start + len(line.text) if line.text else line.next
