"""Owns a Dockerfile as an editor sees it: what was understood of it, and how to find things by their place.

Everything an editor asks starts with an offset, so the way from an offset to an instruction, a stage and the variables
there is here once. It is made anew for each text and keeps nothing of the one before, so that it cannot differ from what
a fresh look would say. It refuses to answer questions itself: each has a module.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.standing import Standing, standings
from lithify.errors import SourceText
from lithify.grammar.source import LineReader, LineTooLong, LogicalLine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.compiler.lint.context import LintContext, Section
    from lithify.compiler.shell.model import Script
    from lithify.compiler.survey import Line, SurveyedStage
    from lithify.grammar.ast import Instruction

_NOTHING: Mapping[str, str] = {}


class Place(NamedTuple):
    """A range of the text, half-open."""

    start: int
    end: int

    def holds(self, offset: int) -> bool:
        """Whether an offset lies in it; a cursor behind the last character still touches it."""
        return self.start <= offset <= self.end


class Document:
    """One text and all that is known of it."""

    def __init__(self, context: LintContext) -> None:
        self.context = context
        self.file = context.dockerfile
        self.text = context.dockerfile.source.text
        self._starts = [one.span.start for one in self.file.instructions]
        self._logical: dict[int, LogicalLine | None] = {}

    def at(self, offset: int) -> Instruction | None:
        """The instruction that an offset lies in, heredocs and the end of its last line included."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return None
        found = self.file.instructions[index]
        return found if offset <= found.span.end else None

    def before(self, offset: int) -> Instruction | None:
        """The last instruction that ends before an offset."""
        ends = (one for one in reversed(self.file.instructions) if one.span.end <= offset)
        return next(ends, None)

    def logical(self, instruction: Instruction) -> LogicalLine | None:
        """The instruction's line with continuations joined, whose characters know their places."""
        key = instruction.span.start
        if key not in self._logical:
            self._logical[key] = self._read(instruction)
        return self._logical[key]

    def _read(self, instruction: Instruction) -> LogicalLine | None:
        span = instruction.span
        text = span.text
        if "\n" not in text:
            return LogicalLine(span.source, text, ((0, span.start),), span.start, span.end)
        reader = LineReader(span.source, at=span.start, escape=self.file.escape)
        try:
            return reader.next_line()
        except LineTooLong:
            return None

    def script(self, instruction: Instruction) -> Script | None:
        """The shell script that an instruction holds."""
        return self.context.script(instruction)

    @cached_property
    def _lines(self) -> Mapping[int, tuple[SurveyedStage, Line]]:
        return {
            line.instruction.span.start: (stage, line)
            for stage in self.context.reached
            for line in stage.lines
        }

    @cached_property
    def _standings(self) -> Mapping[int, Standing]:
        return standings(self.context)

    def standing(self, instruction: Instruction) -> Standing | None:
        """What holds just before an instruction; of a FROM, what its stage starts with."""
        return self._standings.get(instruction.span.start)

    def line(self, instruction: Instruction) -> Line | None:
        """The instruction with its variables; None outside of stages."""
        found = self._lines.get(instruction.span.start)
        return found[1] if found else None

    def variables(self, instruction: Instruction) -> Mapping[str, str]:
        """The variables that an instruction sees: those of its stage, or for FROM and what is before it the global ones."""
        line = self.line(instruction)
        if line is not None:
            return line.variables
        scope = self.context.scope
        return scope.variables if scope is not None else _NOTHING

    def variables_at(self, offset: int) -> Mapping[str, str]:
        """The variables at a place that may be in no instruction yet."""
        here = self.at(offset)
        if here is not None:
            return self.variables(here)
        last = self.before(offset)
        if last is None:
            return self.context.scope.variables if self.context.scope else _NOTHING
        known = dict(self.variables(last))
        stage = self.stage_at(offset)
        if stage is None:
            return known
        lines = [one for one in stage.lines if one.instruction.span.start > last.span.start]
        return dict(lines[0].variables) if lines else dict(stage.variables)

    def stage_number(self, offset: int) -> int | None:
        """The number of the stage that an offset lies in; None before the first."""
        found = None
        for number, section in enumerate(self.stages):
            if section.source is not None and section.source.span.start <= offset:
                found = number
        return found

    def stage_at(self, offset: int) -> SurveyedStage | None:
        """The stage as it was walked over."""
        number = self.stage_number(offset)
        return self.reached.get(number) if number is not None else None

    @property
    def stages(self) -> tuple[Section, ...]:
        """The stages as written; none in a file without FROM."""
        return tuple(one for one in self.context.sections if one.source is not None)

    @cached_property
    def reached(self) -> Mapping[int, SurveyedStage]:
        """The stages that were walked over, by number."""
        return {one.parsed.index: one for one in self.context.reached}

    def stage_named(self, name: str, before: int | None = None) -> int | None:
        """The last stage of a name, upper and lower case the same; of those above stage `before` if that is given."""
        wanted = name.lower()
        found = None
        for number, section in enumerate(self.stages[:before]):
            alias = section.source.alias if section.source is not None else None
            if alias is not None and alias.text.lower() == wanted:
                found = number
        return found

    def stage_meant(self, name: str) -> int | None:
        """The stage that `COPY --from` means by a name or a number."""
        if name.isascii() and name.isdigit() and len(name) < 6:
            return int(name) if int(name) < len(self.stages) else None
        return self.stage_named(name)

    def stage_label(self, number: int) -> str:
        """What people call a stage: its name, or its number."""
        source = self.stages[number].source
        return source.alias.text if source is not None and source.alias else str(number)

    def typed(self, offset: int) -> Typed:
        """The logical line that is being written at an offset, as far as the cursor."""
        return typed_line(self, offset)


class Typed(NamedTuple):
    """A line up to the cursor: its text, and where it starts. `is_comment`: it is one.

    `in_body`: the cursor is inside a heredoc, where lines are no instructions."""

    text: str
    start: int
    is_comment: bool = False
    in_body: bool = False


def typed_line(document: Document, offset: int) -> Typed:
    """What stands before the cursor on its logical line; unfinished and broken lines are read as well."""
    text = document.text
    line_start = text.rfind("\n", 0, offset) + 1
    here = document.at(offset)
    if here is not None and any(
        one.body_span.start <= offset < one.body_span.end for one in here.heredocs
    ):
        return Typed(text[line_start:offset], line_start, in_body=True)
    if text[line_start:offset].lstrip().startswith("#"):
        return Typed(text[line_start:offset].lstrip(), line_start, is_comment=True)
    previous = here or document.before(offset)
    start = 0
    if previous is not None:
        start = previous.span.start if previous is here else previous.span.end
    # A mark at the cursor keeps blanks before it, and shows which line it belongs to.
    reader = LineReader(
        SourceText("", f"{text[:offset]}\x00"), at=start, escape=document.file.escape
    )
    found = None
    try:
        while (one := reader.next_line()) is not None:
            found = one
    except LineTooLong:
        return Typed("", offset)
    if found is None or not found.text.endswith("\x00"):
        return Typed("", offset)
    return Typed(found.text[:-1], found.start)
