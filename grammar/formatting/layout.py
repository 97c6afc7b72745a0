r"""Owns the layout of one instruction: which gaps break, how they are written, and the proof that it is the same.

The author's line breaks are kept; more are made only for flags and pairs that do not fit. Lines that
may be moved follow the indentation of those that may not. What came of it is read again by the line
reader, and unless it gives the expected characters the instruction stays as it was.

Specification: sections 1.2, 1.4 and 1.7.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import SourceError, SourceText
from lithify.grammar.formatting.breaks import decide_breaks
from lithify.grammar.formatting.gaps import (
    blanks_at,
    comment_lines,
    joined,
    joins_of,
    read_gap,
    tidy_join,
)
from lithify.grammar.formatting.model import TextEdit, apply_edits, smallest_edit
from lithify.grammar.formatting.pieces import take_apart
from lithify.grammar.heredoc import find_heredocs
from lithify.grammar.source import WHITE_SPACE, LineReader

if TYPE_CHECKING:
    from lithify.grammar.ast import Instruction
    from lithify.grammar.formatting.gaps import Gap, Join
    from lithify.grammar.formatting.model import Style
    from lithify.grammar.formatting.pieces import Piece
    from lithify.grammar.statement import Statement


class Layout(NamedTuple):
    """The edits of an instruction, and where it ends: all up to the next one is a gap of the file."""

    end: int
    edits: tuple[TextEdit, ...] = ()


def lay_out(statement: Statement, instruction: Instruction, style: Style) -> Layout:
    """The canonical layout of an instruction; no edits where none can be proved to be harmless."""
    line = statement.line
    text = line.source.text
    is_exact = statement.name == "ONBUILD"
    end = line.span(0, len(line.text)).end if is_exact else statement.span.end
    tail = [part.strip(WHITE_SPACE) for part in text[end : line.end].split("\n")]
    if any(part not in ("", style.escape) for part in tail) or (is_exact and tail != [""]):
        return Layout(line.end)
    edits: tuple[TextEdit, ...] = ()
    if statement.keyword.span.start == line.start and "\n" not in statement.keyword.span.text:
        edits, expected = _Writer(statement, style).write()
        if not edits or not _is_proved(statement, style, end, edits, expected):
            edits = ()
    if not instruction.heredocs:
        return Layout(end, edits)
    return Layout(instruction.span.end, (*edits, *_heredoc_edits(instruction, end, style)))


def _heredoc_edits(instruction: Instruction, end: int, style: Style) -> tuple[TextEdit, ...]:
    """Line ends around bodies: what opens them and the terminators but the last one."""
    text = instruction.span.source.text
    edits: list[TextEdit | None] = []
    for heredoc in instruction.heredocs:
        start = heredoc.body_span.start
        edits.append(smallest_edit(text, TextEdit(end, start, style.newline)))
        newline = text.find("\n", heredoc.body_span.end)
        end = heredoc.body_span.end + len(text[heredoc.body_span.end : newline].rstrip("\r"))
    return tuple(edit for edit in edits if edit is not None)


def _is_proved(
    statement: Statement, style: Style, end: int, edits: tuple[TextEdit, ...], expected: str
) -> bool:
    """Whether the edited text is read as the expected characters, its comments and its heredocs."""
    line = statement.line
    start = line.start
    moved = (TextEdit(edit.start - start, edit.end - start, edit.text) for edit in edits)
    text = apply_edits(line.source.text[start:end], moved)
    reader = LineReader(SourceText("", text), escape=style.escape)
    try:
        read = reader.next_line()
        is_all = reader.next_line() is None
    except SourceError:
        return False
    if read is None or not is_all or read.text != expected:
        return False
    return not statement.can_hold_heredocs or _opened(line.text) == _opened(expected)


def _opened(text: str) -> list[tuple[str, bool, bool, int | None]] | None:
    """The heredocs of a line without their places; None if one has open quotes."""
    if "<<" not in text:
        return []
    try:
        return [(one.name, one.expand, one.chomp, one.fd) for one in find_heredocs(text)]
    except SourceError:
        return None


class _Writer:
    """Writes one instruction: edits, and the logical line that they must give."""

    def __init__(self, statement: Statement, style: Style) -> None:
        self._line = statement.line
        self._text = statement.line.source.text
        self._style = style
        self._pieces = take_apart(statement, style.escape)
        pieces = self._pieces.all
        self._gaps = [
            read_gap(self._text, before.end, piece.start, style.escape)
            for before, piece in pairwise(pieces)
        ]
        self._joins = joins_of(statement.line)
        self._indent = self._own_indent()
        self._breaks = decide_breaks(
            self._pieces,
            [gap.is_broken for gap in self._gaps],
            [self._length(piece) for piece in pieces],
            style._replace(indent=self._indent),
        )

    def write(self) -> tuple[tuple[TextEdit, ...], str]:
        edits: list[TextEdit] = []
        expected: list[str] = []
        for index, piece in enumerate(self._pieces.all):
            if index > 0:
                edit, text = self._gap(self._gaps[index - 1], piece, self._breaks[index - 1])
                edits += edit
                expected.append(text)
            old = joined(self._line, piece.start, piece.end)
            expected += (old if piece.text is None else piece.text, piece.suffix)
            if piece.text is not None:
                edits.append(TextEdit(piece.start, piece.end, piece.text))
            if piece.suffix:
                edits.append(TextEdit(piece.end, piece.end, piece.suffix))
        edits += self._tidied()
        smallest = (smallest_edit(self._text, edit) for edit in sorted(edits))
        return tuple(edit for edit in smallest if edit is not None), "".join(expected)

    def _gap(self, gap: Gap, piece: Piece, is_broken: bool) -> tuple[list[TextEdit], str]:
        """The edit of a gap, and its logical characters afterwards."""
        if not gap.is_free:
            return [], joined(self._line, gap.start, gap.end)
        if not is_broken:
            return [TextEdit(gap.start, gap.end, piece.glue)], piece.glue
        indent = "" if piece.is_closing else self._indent
        comments = comment_lines(gap.comments, indent, self._style)
        new = f" {self._style.escape}{self._style.newline}{comments}{indent}"
        return [TextEdit(gap.start, gap.end, new)], f" {indent}"

    def _tidied(self) -> list[TextEdit]:
        """Joins that no gap holds: those inside pieces, where only their own characters are free."""
        free = iter([gap for gap in self._gaps if gap.is_free and gap.is_broken])
        gap = next(free, None)
        last = self._pieces.all[-1].end
        edits: list[TextEdit] = []
        for join in self._joins:
            while gap is not None and gap.end < join.end:
                gap = next(free, None)
            if join.end <= last and not (gap is not None and gap.start <= join.start):
                new = tidy_join(self._text, join, self._style)
                edits.append(TextEdit(join.start, join.end, new))
        return edits

    def _first_join(self, piece: Piece) -> Join | None:
        at = bisect_right(self._joins, piece.start, key=lambda join: join.start)
        return (
            self._joins[at] if at < len(self._joins) and self._joins[at].end <= piece.end else None
        )

    def _own_indent(self) -> str:
        """That of the first line nobody may move, so that the others stand as it does."""
        if not self._pieces.is_whole:
            return self._style.indent
        join = self._first_join(self._pieces.all[-1])
        return (blanks_at(self._text, join.end) if join else "") or self._style.indent

    def _length(self, piece: Piece) -> int:
        """The characters of a piece on its first line."""
        join = self._first_join(piece)
        return (join.start if join else piece.end) - piece.start
