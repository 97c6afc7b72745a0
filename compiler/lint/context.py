"""Owns what a rule may know and what it answers: one value in, diagnostics out.

It is the whole interface of a rule, so that a rule is one file and can be tested alone. It refuses effects: the ignore
file is asked for only by the rule that needs it, and through a function.

Values of the checks are named tuples, which are made faster than dataclasses: every build loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.rule import Profile
from lithify.compiler.lint.world import RuleOptions, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.scopes import GlobalScope
    from lithify.compiler.shell.model import Script
    from lithify.compiler.survey import Line, SurveyedStage
    from lithify.errors import SourceError, Span
    from lithify.grammar.ast import Arg, Dockerfile, From, Instruction

    IgnoreFinder = Callable[[], IgnoreMatcher | None]
    ScriptFinder = Callable[[Instruction], Script | None]


class Edit(NamedTuple):
    """Text that takes the place of a span; an empty span inserts."""

    span: Span
    text: str


class Fix(NamedTuple):
    """A change that ends a finding. A safe one leaves the plan as it is, or changes only what the rule is about."""

    title: str
    edits: tuple[Edit, ...]
    is_safe: bool = True


class Related(NamedTuple):
    """Another place that a finding is about."""

    span: Span
    message: str


class Diagnostic(NamedTuple):
    """What a rule found. A finding about an `instruction` obeys the comments above it.

    `span` is the place that the reference reports, for its checks the whole instruction; `focus` the very words at
    fault, where they are known. `tags` are `unnecessary` (has no effect) and `deprecated`, for editors."""

    message: str
    span: Span
    instruction: Instruction | None = None
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()
    tags: tuple[str, ...] = ()
    focus: Span | None = None

    @property
    def place(self) -> Span:
        """The most exact place that is known."""
        return self.focus or self.span


def about(
    instruction: Instruction,
    message: str,
    span: Span | None = None,
    *,
    focus: Span | None = None,
    fixes: tuple[Fix, ...] = (),
    tags: tuple[str, ...] = (),
) -> Diagnostic:
    """A finding about an instruction; `span` is the part of it that is wrong."""
    place = span or instruction.span
    return Diagnostic(message, place, instruction, fixes, tags=tags, focus=focus)


class Remark(NamedTuple):
    """What is wrong with a comment that names rules: `kind` is the slug of the rule that says so."""

    kind: str
    message: str
    span: Span
    fixes: tuple[Fix, ...] = ()


class Section(NamedTuple):
    """A stage as it is written: a FROM and what follows it. A fragment's only section has no FROM.

    What stands before the first FROM of a file that has one is no section: that is the `head`."""

    source: From | None
    instructions: tuple[Instruction, ...]


def _no_script(_: Instruction) -> None:
    """Where no rule asks for scripts."""
    return


class LintContext(NamedTuple):
    """A file as far as it is understood.

    `head` and `stages` are what the file says; `reached` are the stages that are built, with their variables (empty
    if planning did not get so far); `scope` is what FROM sees, or None. `script` is the shell script of RUN, CMD,
    ENTRYPOINT or HEALTHCHECK, of an ONBUILD trigger or of a heredoc, or None if it holds none. `errors` are all
    independent mistakes of the file; `remarks` are those about comments that name rules.
    """

    dockerfile: Dockerfile
    head: tuple[Arg, ...]
    stages: tuple[ParsedStage, ...]
    options: BuildOptions
    scope: GlobalScope | None
    reached: tuple[SurveyedStage, ...]
    find_ignore: IgnoreFinder
    sections: tuple[Section, ...] = ()
    script: ScriptFinder = _no_script
    rule_options: RuleOptions = RuleOptions()
    world: World = World()
    errors: tuple[SourceError, ...] = ()
    remarks: tuple[Remark, ...] = ()
    profile: Profile = Profile.DEFAULT

    @property
    def lines(self) -> Iterator[Line]:
        """All lines of reached stages, in file order."""
        for stage in self.reached:
            yield from stage.lines

    @property
    def head_names(self) -> tuple[str, ...]:
        """The names declared before the first FROM."""
        return tuple(one.name.text for arg in self.head for one in arg.declarations)
