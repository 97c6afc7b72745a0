"""Owns the text of an open document and the two ways to name a place in it: our offsets, an editor's line and character.

An editor counts characters in the units it was promised, most of them in UTF-16, and ends lines at CR as well; we count
code points and end lines at LF. Everything that crosses the border is converted here and nowhere else. It refuses to
fail on places that are not there: they become the nearest ones, as the protocol wants.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

_LINE_END = re.compile(r"\r\n|\r|\n")
ENCODINGS = ("utf-8", "utf-16", "utf-32")


class Position(NamedTuple):
    """A place as an editor names it; both from 0, characters in units of the encoding."""

    line: int
    character: int


class Change(NamedTuple):
    """A text that takes the place of a range, by offsets."""

    start: int
    end: int
    text: str


class TextBuffer:
    """One text; `edited` gives the next one."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self.encoding = encoding
        self._starts = (0, *(match.end() for match in _LINE_END.finditer(text)))

    def offset(self, line: int, character: int) -> int:
        """The code point at a place; behind the end of a line it is the line's end."""
        if line >= len(self._starts):
            return len(self.text)
        text = self._line(max(line, 0))
        return self._starts[max(line, 0)] + self._characters(text, max(character, 0))

    def position(self, offset: int) -> Position:
        """The place of a code point."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset) - 1
        before = self.text[self._starts[line] : offset].rstrip("\r\n")
        return Position(line, self._units(before))

    def edited(self, start: Position, end: Position, text: str) -> TextBuffer:
        """The text with a range replaced."""
        begin = self.offset(*start)
        stop = max(begin, self.offset(*end))
        return TextBuffer(self.text[:begin] + text + self.text[stop:], self.encoding)

    def namable(self, change: Change) -> Change:
        """The same change of a range that an editor can name: it cannot divide CR from LF."""
        start, end, text = change
        if self.text[start - 1 : start + 1] == "\r\n" and start > 0:
            start, text = start - 1, f"\r{text}"
        if self.text[end - 1 : end + 1] == "\r\n" and end > 0:
            end, text = end + 1, f"{text}\n"
        return Change(start, end, text)

    def length(self, start: int, end: int) -> int:
        """How many units a range takes that lies within a line."""
        return self._units(self.text[start:end])

    def _line(self, line: int) -> str:
        end = self._starts[line + 1] if line + 1 < len(self._starts) else len(self.text)
        return self.text[self._starts[line] : end].rstrip("\r\n")

    def _units(self, text: str) -> int:
        if text.isascii() or self.encoding == "utf-32":
            return len(text)
        if self.encoding == "utf-8":
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text) + sum(character > "\uffff" for character in text)

    def _characters(self, text: str, units: int) -> int:
        """How many code points a number of units are; one that is cut counts as not reached."""
        if text.isascii() or self.encoding == "utf-32":
            return min(units, len(text))
        used = 0
        for count, character in enumerate(text):
            used += self._units(character)
            if used > units:
                return count
        return len(text)
