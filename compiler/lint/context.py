"""Owns what a rule may know and what it answers: one value in, diagnostics out.

It is the whole interface of a rule, so that a rule is one file and can be tested alone. It refuses effects: the ignore
file is asked for only by the rule that needs it, and through a function.

Values of the checks are named tuples, which are made faster than dataclasses: every build loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.scopes import GlobalScope
    from lithify.compiler.survey import Line, SurveyedStage
    from lithify.errors import Span
    from lithify.grammar.ast import Arg, Dockerfile, Instruction

    IgnoreFinder = Callable[[], IgnoreMatcher | None]


class Diagnostic(NamedTuple):
    """What a rule found. A finding about an `instruction` obeys the comments above it."""

    message: str
    span: Span
    instruction: Instruction | None = None


def about(instruction: Instruction, message: str) -> Diagnostic:
    """A finding about a whole instruction."""
    return Diagnostic(message, instruction.span, instruction)


class LintContext(NamedTuple):
    """A file as far as it is understood.

    `head` and `stages` are what the file says; `reached` are the stages that are built, with their variables (empty
    if planning did not get so far); `scope` is what FROM sees, or None.
    """

    dockerfile: Dockerfile
    head: tuple[Arg, ...]
    stages: tuple[ParsedStage, ...]
    options: BuildOptions
    scope: GlobalScope | None
    reached: tuple[SurveyedStage, ...]
    find_ignore: IgnoreFinder

    @property
    def lines(self) -> Iterator[Line]:
        """All lines of reached stages, in file order."""
        for stage in self.reached:
            yield from stage.lines

    @property
    def head_names(self) -> tuple[str, ...]:
        """The names declared before the first FROM."""
        return tuple(one.name.text for arg in self.head for one in arg.declarations)
