"""Owns the walk over a whole file: lines, their heredocs, their instructions, and all mistakes.

It goes on after a bad instruction, because every mistake that is independent is worth reporting at
once; it stops where the rest of the file can't be told apart (an open heredoc, an endless line). It
refuses to know how bodies are parsed.

Specification: sections 1.1, 1.7, 1.8 and 3.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.errors import SourceError, SourceText, Span
from lithify.grammar.ast import Dockerfile, Heredoc
from lithify.grammar.heredoc import find_heredocs
from lithify.grammar.instructions import build_instruction, check_trigger, unknown_instruction
from lithify.grammar.source import LineReader, LineTooLong
from lithify.grammar.statement import KEYWORDS, Statement, parse_statement
from lithify.grammar.words import ExpansionError

if TYPE_CHECKING:
    from lithify.grammar.ast import Instruction
    from lithify.grammar.directives import DirectiveBlock
    from lithify.grammar.parser import BodyParser
    from lithify.grammar.source import LogicalLine


NO_STAGE_YET = "no build stage in current context"
NO_STAGES = "dockerfile contains no stages to build"
NO_INSTRUCTIONS = "file with no instructions"
#: The messages of errors that say no more than that a FROM is missing.
STAGELESS = frozenset((NO_STAGE_YET, NO_STAGES, NO_INSTRUCTIONS))


class _UnreadableRest(Exception):
    """What follows a mistake has no meaning; carries the mistake."""

    def __init__(self, error: SourceError) -> None:
        super().__init__(error.message)
        self.error = error


def read_file(source: SourceText, directives: DirectiveBlock, bodies: BodyParser) -> Dockerfile:
    """Read every instruction of a file; mistakes are collected, in file order."""
    return read_parts(source, directives, bodies)[0]


def read_parts(
    source: SourceText, directives: DirectiveBlock, bodies: BodyParser
) -> tuple[Dockerfile, tuple[Statement, ...]]:
    """Read a file, and keep the statement that each of its instructions was made of."""
    reader = LineReader(source, at=directives.end, escape=directives.escape)
    walk = _Walk(source, reader, bodies)
    walk.errors += directives.errors
    walk.run()
    dockerfile = Dockerfile(
        source=source,
        escape=directives.escape,
        directives=directives.directives,
        instructions=tuple(walk.instructions),
        comments=tuple(reader.comments),
        errors=tuple(walk.errors),
        empty_continuations=tuple(walk.empty_continuations),
    )
    return dockerfile, tuple(walk.statements)


def read_trigger(text: str, source: SourceText, span: Span, bodies: BodyParser) -> Instruction:
    """Read the one instruction of a trigger; every place in it is `span`."""
    place = Span(source, span.start, span.end)
    walk = _Walk(source, LineReader(SourceText("ONBUILD", text), place=place), bodies)
    walk.read_instructions()
    if walk.errors:
        raise walk.errors[0]
    if len(walk.instructions) != 1:
        raise SourceError("onbuild trigger should be a single expression", span=place)
    return walk.instructions[0]


class _Walk:
    """The instructions and mistakes found so far in one file."""

    def __init__(self, source: SourceText, reader: LineReader, bodies: BodyParser) -> None:
        self._source = source
        self._reader = reader
        self._bodies = bodies
        self._after_unknown = False
        self._may_skip_bodies = True
        self._has_stage = False
        self.instructions: list[Instruction] = []
        self.statements: list[Statement] = []
        self.errors: list[SourceError] = []
        self.empty_continuations: list[Span] = []

    def run(self) -> None:
        """Read the whole file and check that it is one."""
        if not self._source.text:
            self.errors.append(
                SourceError("the Dockerfile cannot be empty", span=Span(self._source, 0, 0))
            )
            return
        self.read_instructions()
        if self.errors or self._has_stage:
            return
        message = NO_STAGES if self.instructions else NO_INSTRUCTIONS
        end = len(self._source.text.rstrip())
        start = self.instructions[-1].span.start if self.instructions else max(0, end - 1)
        self.errors.append(SourceError(message, span=Span(self._source, start, max(start, end))))

    def read_instructions(self) -> None:
        try:
            while (line := self._reader.next_line()) is not None:
                self._instruction(line)
        except _UnreadableRest as stop:
            self.errors.append(stop.error)
        except LineTooLong as error:
            self.errors.append(error)

    def _instruction(self, line: LogicalLine) -> None:
        end = line.end
        try:
            statement = parse_statement(line, self._bodies)
            if statement.name not in KEYWORDS:
                self._unknown(statement)
                return
            self._after_unknown = False
            heredocs, end = self._heredocs(statement)
            span = line.place or Span(line.source, line.start, end)
            if line.has_empty_continuation:
                self.empty_continuations.append(span)
            if line.place is not None:
                check_trigger(statement)
            else:
                self._check_order(statement)
            self.instructions.append(build_instruction(statement, heredocs, span, self._bodies))
            self.statements.append(statement)
        except LineTooLong as error:
            raise _UnreadableRest(error) from None
        except SourceError as error:
            self.errors.append(error)

    def _check_order(self, statement: Statement) -> None:
        """Report the first instruction that stands before any FROM."""
        if statement.name == "FROM":
            self._has_stage = True
        elif statement.name != "ARG" and not self._has_stage and not self.errors:
            self.errors.append(SourceError(NO_STAGE_YET, span=statement.span))

    def _heredocs(self, statement: Statement) -> tuple[tuple[Heredoc, ...], int]:
        """The heredocs of a line with their bodies, and where the last one ends."""
        line = statement.line
        if "<<" not in line.text or not statement.can_hold_heredocs:
            return (), line.end
        return self._bodies_of(line)

    def _bodies_of(self, line: LogicalLine) -> tuple[tuple[Heredoc, ...], int]:
        end = line.end
        heredocs: list[Heredoc] = []
        try:
            words = find_heredocs(line.text)
        except ExpansionError as error:
            span = line.span(0, len(line.text))
            raise SourceError(error.message, span=span) from error
        for word in words:
            span = line.span(word.start, word.end)
            body = self._reader.read_body(word.name, chomp=word.chomp)
            if body is None:
                raise _UnreadableRest(SourceError("unterminated heredoc", span=span))
            end = body.end
            heredocs.append(
                Heredoc(
                    name=word.name, content=body.content, expand=word.expand, chomp=word.chomp,
                    fd=word.fd, span=span, body_span=body.span,
                )
            )  # fmt: skip
        return tuple(heredocs), end

    def _unknown(self, statement: Statement) -> None:
        """Report a keyword that is none, but not every line of a text that was meant to continue."""
        error = unknown_instruction(statement)
        if error.suggestion or not self._after_unknown:
            self.errors.append(error)
        self._after_unknown = True
        if "<<" in statement.line.text and self._may_skip_bodies:
            self._may_skip_bodies = self._skip_bodies(statement.line)

    def _skip_bodies(self, line: LogicalLine) -> bool:
        """Pass over the heredocs of a misspelt RUN or COPY, whose lines are no instructions.

        False for one without end: looking for the end of each would take quadratic time.
        """
        try:
            words = find_heredocs(line.text)
        except ExpansionError:
            return True
        return all(self._reader.read_body(word.name, chomp=word.chomp) for word in words)
