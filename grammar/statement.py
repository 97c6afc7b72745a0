"""Owns the reference parser's view of a line: keyword, flags, arguments, whether they were JSON.

It is a layer of its own because ONBUILD shows its trigger in this form, unvalidated, and because
mistakes at this level (JSON content, the shape of ENV) come before those of validation. It refuses
to count arguments or to know flags by name.

Specification: sections 1.4 to 1.6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import SourceError
from lithify.grammar.ast import Flag, Word
from lithify.grammar.source import WHITE_SPACE
from lithify.grammar.words import quoted
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.errors import Span
    from lithify.grammar.parser import BodyParser
    from lithify.grammar.plain import Piece
    from lithify.grammar.source import LogicalLine

_KEYWORD = re.compile(r"[^\t\v\f\r ]*")
_GAP = re.compile(r"[\t\v\f\r ]*")
_TYPE = re.compile(f"[^{WHITE_SPACE}]*")
_NOT_STRINGS = "when using JSON array syntax, arrays must be comprised of strings only"
_HEREDOC_KEYWORDS = frozenset(("RUN", "COPY", "ADD"))


class _Arguments(NamedTuple):
    """What the grammar of a keyword made of the rest of the line."""

    words: tuple[Word, ...] = ()
    #: Where the words stand in the line, half-open; a pair of ENV or LABEL with an equals sign is one.
    ranges: tuple[tuple[int, int], ...] = ()
    is_json: bool = False
    #: `KEY value` without an equals sign (ENV, LABEL).
    is_legacy: bool = False
    #: Where the command of HEALTHCHECK stands.
    command: Span | None = None
    inner: Statement | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One line taken apart. ENV and LABEL have key, value, key, value, ... as arguments."""

    line: LogicalLine
    keyword: Word
    #: Keyword to the end of the line, without heredoc bodies.
    span: Span
    flags: tuple[Flag, ...]
    rest: Word
    arguments: _Arguments

    @property
    def name(self) -> str:
        return self.keyword.text.upper()

    @property
    def args(self) -> tuple[Word, ...]:
        return self.arguments.words

    @property
    def is_json(self) -> bool:
        return self.arguments.is_json

    @property
    def inner(self) -> Statement | None:
        """The trigger of ONBUILD."""
        return self.arguments.inner

    @property
    def can_hold_heredocs(self) -> bool:
        """Whether `<<` opens heredocs here (section 1.7)."""
        statement = self.inner if self.name == "ONBUILD" and self.inner else self
        return statement.name in _HEREDOC_KEYWORDS and not statement.is_json


def parse_statement(
    line: LogicalLine, bodies: BodyParser, start: int = 0, *, is_trigger: bool = False
) -> Statement:
    """Take a line apart from an offset on; an unknown keyword gives a statement without arguments.

    A trigger inside a trigger is not taken apart again. Raises `SourceError` for what cannot be read at this level.
    """
    text = line.text
    end = len(text.rstrip(WHITE_SPACE))
    begin = min(end, start + len(text[start:]) - len(text[start:].lstrip(WHITE_SPACE)))
    keyword_end = min(end, _match_end(_KEYWORD, text, begin))
    body = min(end, _match_end(_GAP, text, keyword_end))
    body = end - len(text[body:end].lstrip(WHITE_SPACE))
    pieces, offset = bodies.flags(text[body:end])
    flags = tuple(_flag(line, body, piece) for piece in pieces)
    body = end - len(text[body + offset : end].lstrip(WHITE_SPACE))
    keyword = Word(text[begin:keyword_end], line.span(begin, keyword_end))
    rest = Word(text[body:end], line.span(body, end))
    name = keyword.text.upper()
    read = None if is_trigger and name == "ONBUILD" else _READERS.get(name)
    arguments = _Arguments()
    if rest.text and read is not None:
        arguments = read(_Reader(line, bodies, body, rest))
    return Statement(line, keyword, line.span(begin, end), flags, rest, arguments)


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _flag(line: LogicalLine, body: int, piece: Piece) -> Flag:
    name, equals, value = piece.text[2:].partition("=")
    return Flag(name, value if equals else None, line.span(body + piece.start, body + piece.end))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the arguments of one line, which start at `body`."""

    line: LogicalLine
    bodies: BodyParser
    body: int
    rest: Word

    def whole(self) -> _Arguments:
        return _Arguments((self.rest,))

    def fields(self) -> _Arguments:
        return self._list(self.bodies.fields(self.rest.text))

    def words(self) -> _Arguments:
        return self._list(self.bodies.words(self.rest.text))

    def json_or_whole(self) -> _Arguments:
        words, is_json = self._json_or_word(self.rest, self.body)
        return _Arguments(words, is_json=is_json)

    def json_or_fields(self) -> _Arguments:
        strings = self._json(self.rest, self.body)
        return self.fields() if strings is None else _Arguments(strings, is_json=True)

    def image(self) -> _Arguments:
        pieces = self.bodies.image(self.rest.text)
        if pieces is None:
            raise SourceError("FROM requires either one or three arguments", span=self.rest.span)
        return self._list(pieces)

    def env(self) -> _Arguments:
        return self._pairs("ENV")

    def label(self) -> _Arguments:
        return self._pairs("LABEL")

    def healthcheck(self) -> _Arguments:
        text = self.rest.text
        middle = _match_end(_TYPE, text, 0)
        kind = Word(text[:middle], self.line.span(self.body, self.body + middle))
        command = text[middle:].lstrip(WHITE_SPACE)
        if not command:
            return _Arguments((kind,))
        start = self.body + len(text) - len(command)
        word = Word(command, self.line.span(start, self.body + len(text)))
        words, is_json = self._json_or_word(word, start)
        return _Arguments((kind, *words), is_json=is_json, command=word.span)

    def trigger(self) -> _Arguments:
        inner = parse_statement(self.line, self.bodies, self.body, is_trigger=True)
        return _Arguments(inner=inner)

    def _list(self, pieces: list[Piece]) -> _Arguments:
        return _Arguments(self._words(pieces), self._ranges(pieces))

    def _ranges(self, pieces: list[Piece]) -> tuple[tuple[int, int], ...]:
        return tuple((self.body + piece.start, self.body + piece.end) for piece in pieces)

    def _words(self, pieces: list[Piece]) -> tuple[Word, ...]:
        return tuple(
            Word(piece.text, self.line.span(self.body + piece.start, self.body + piece.end))
            for piece in pieces
        )

    def _json(self, text: Word, offset: int) -> tuple[Word, ...] | None:
        elements = self.bodies.array(text.text)
        if elements is None:
            return None
        words: list[Word] = []
        for element in elements:
            if element is None:
                raise SourceError(_NOT_STRINGS, span=text.span)
            span = self.line.span(offset + element.start, offset + element.end)
            words.append(Word(element.text, span))
        return tuple(words)

    def _json_or_word(self, text: Word, offset: int) -> tuple[tuple[Word, ...], bool]:
        strings = self._json(text, offset)
        return ((text,), False) if strings is None else (strings, True)

    def _pairs(self, name: str) -> _Arguments:
        pieces = self.bodies.words(self.rest.text)
        if not pieces:
            return _Arguments()
        if "=" not in pieces[0].text:
            pieces = self.bodies.pair(self.rest.text)
            if len(pieces) < 2:
                raise SourceError(f"{name} must have two arguments", span=self.rest.span)
            return _Arguments(self._words(pieces), self._ranges(pieces), is_legacy=True)
        words = tuple(word for piece in pieces for word in self._pair(piece))
        return _Arguments(words, self._ranges(pieces))

    def _pair(self, piece: Piece) -> tuple[Word, Word]:
        """`name=value`, split at the first equals sign."""
        start, end = self.body + piece.start, self.body + piece.end
        middle = piece.text.find("=")
        if middle < 0:
            message = f"Syntax error - can't find = in {quoted(piece.text)}."
            raise SourceError(
                f"{message} Must be of the form: name=value", span=self.line.span(start, end)
            )
        return (
            Word(piece.text[:middle], self.line.span(start, start + middle)),
            Word(piece.text[middle + 1 :], self.line.span(start + middle + 1, end)),
        )


_READERS: Mapping[str, Callable[[_Reader], _Arguments]] = {
    "ADD": _Reader.json_or_fields,
    "ARG": _Reader.words,
    "CMD": _Reader.json_or_whole,
    "COPY": _Reader.json_or_fields,
    "ENTRYPOINT": _Reader.json_or_whole,
    "ENV": _Reader.env,
    "EXPOSE": _Reader.fields,
    "FROM": _Reader.image,
    "HEALTHCHECK": _Reader.healthcheck,
    "LABEL": _Reader.label,
    "MAINTAINER": _Reader.whole,
    "ONBUILD": _Reader.trigger,
    "RUN": _Reader.json_or_whole,
    "SHELL": _Reader.json_or_whole,
    "STOPSIGNAL": _Reader.whole,
    "USER": _Reader.whole,
    "VOLUME": _Reader.json_or_fields,
    "WORKDIR": _Reader.whole,
}
#: Every instruction there is.
KEYWORDS = tuple(_READERS)
