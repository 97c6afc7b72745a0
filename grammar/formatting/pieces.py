r"""Owns what of an instruction may move: its words, parted where blanks mean nothing.

What is one piece is never changed inside: the command of a shell, a quoted value, a trigger. JSON
arrays are taken apart at their punctuation. It refuses to decide where lines break.

Specification: sections 1.4 to 1.6 and 3.12.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.grammar.formatting.gaps import joined, read_gap
from lithify.grammar.parser import BodyParser
from lithify.grammar.source import WHITE_SPACE

if TYPE_CHECKING:
    from lithify.grammar.ast import Word
    from lithify.grammar.statement import Statement

_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\],]')
_QUOTING = re.compile("[\"'\\\\`\ufeff]")
_WHOLE = frozenset(("RUN", "CMD", "ENTRYPOINT", "MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR"))
_COMMANDS = _WHOLE | {"ONBUILD", "HEALTHCHECK"}
_PAIRS = frozenset(("ENV", "LABEL", "ARG"))


class Piece(NamedTuple):
    """A range of the source that stays in one; `glue` parts it from the piece before on one line.

    `text` is written in its place if given, `suffix` after it.
    """

    start: int
    end: int
    glue: str = " "
    text: str | None = None
    suffix: str = ""
    is_closing: bool = False


class Pieces(NamedTuple):
    """Keyword, flags and arguments of one instruction."""

    all: tuple[Piece, ...]
    flags: int
    #: Whether the lines of the last piece have an indentation that nobody may change.
    is_whole: bool = False
    #: Whether several arguments stand on one line each once they need more than one.
    is_pairs: bool = False
    #: Whether its flags stand on one line each whatever their length.
    has_mounts: bool = False
    #: FROM is looked for by programs that read single lines.
    is_breakable: bool = True


def take_apart(statement: Statement, escape: str) -> Pieces:
    """The pieces of an instruction of which nothing is wrong."""
    keyword = _upper(statement.keyword)
    flags = tuple(Piece(flag.span.start, flag.span.end) for flag in statement.flags)
    arguments = _arguments(statement, escape)
    name = statement.name
    is_legacy = statement.arguments.is_legacy
    is_kept = is_legacy and not arguments[-1].glue.startswith("=")
    is_whole = is_kept or (name in _COMMANDS and not statement.is_json)
    return Pieces(
        (keyword, *flags, *arguments),
        len(flags),
        is_whole=is_whole,
        is_pairs=name in _PAIRS and not is_legacy and not flags,
        has_mounts=sum(flag.name == "mount" for flag in statement.flags) > 1,
        is_breakable=name != "FROM",
    )


def _upper(word: Word) -> Piece:
    return Piece(word.span.start, word.span.end, text=word.text.upper())


def _arguments(statement: Statement, escape: str) -> tuple[Piece, ...]:
    name = statement.name
    if not statement.rest.text:
        return ()
    if name == "ONBUILD":
        end = statement.line.span(0, len(statement.line.text)).end
        return (Piece(statement.rest.span.start, end),)
    if name == "HEALTHCHECK":
        kind = _upper(statement.args[0])
        command = statement.arguments.command
        if command is None:
            return (kind,)
        length = len(joined(statement.line, command.start, command.end))
        return (kind, *_command(statement, length))
    if name in _WHOLE or statement.is_json:
        return _command(statement, len(statement.rest.text))
    pieces = tuple(_ranged(statement, start, end) for start, end in statement.arguments.ranges)
    if statement.arguments.is_legacy:
        return _modern(statement, pieces, escape) or pieces
    if name == "FROM" and len(pieces) == 3:
        return (pieces[0], _upper(statement.args[1]), pieces[2])
    return pieces


def _ranged(statement: Statement, start: int, end: int, glue: str = " ") -> Piece:
    span = statement.line.span(start, end)
    return Piece(span.start, span.end, glue)


def _command(statement: Statement, length: int) -> tuple[Piece, ...]:
    """The last `length` characters of a line: a JSON array's elements, or one piece."""
    end = len(statement.line.text.rstrip(WHITE_SPACE))
    if not statement.is_json:
        return (_ranged(statement, end - length, end),)
    pieces: list[Piece] = []
    before = ""
    for match in _JSON.finditer(statement.line.text, end - length, end):
        token = match[0]
        glue = "" if token in ",]" or before == "[" else " "
        piece = _ranged(statement, match.start(), match.end(), glue)
        pieces.append(piece._replace(is_closing=token == "]"))
        before = token
    return tuple(pieces)


def _modern(
    statement: Statement, pieces: tuple[Piece, ...], escape: str
) -> tuple[Piece, ...] | None:
    """`KEY value` as `KEY=value`, quoted if need be; None where that could mean something else."""
    key, value = pieces
    text = statement.line.source.text
    gap = read_gap(text, key.end, value.start, escape)
    name = joined(statement.line, key.start, key.end)
    content = joined(statement.line, value.start, value.end)
    if gap.comments or not gap.is_free or _QUOTING.search(name):
        return None
    words = BodyParser(escape).words(f"{name}={content}")
    if len(words) == 1 and words[0].text == f"{name}={content}":
        return key, value._replace(glue="=")
    if _QUOTING.search(content):
        return None
    return key, value._replace(glue='="', suffix='"')
