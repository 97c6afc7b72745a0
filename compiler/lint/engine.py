"""Owns the run of the rules over one file: planning it, looking at it, keeping what the settings allow.

Planning and checking go together because a check sees what planning found out (bases, reached stages, scopes), and is of
most use when planning fails. It refuses to fail itself because of a finding: `violation` is for those who build.

Specification: sections 6.1 to 6.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.context import LintContext
from lithify.compiler.lint.pragma import file_settings
from lithify.compiler.lint.registry import CHECKS
from lithify.compiler.phases import split_stages
from lithify.compiler.plan import PlanWarning
from lithify.compiler.stages import Watch, make_plan
from lithify.compiler.survey import survey
from lithify.errors import LithifyError, SourceError, SourceErrors
from lithify.grammar.ast import From
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.cache.ports import ImageResolver
    from lithify.compiler.lint.context import IgnoreFinder
    from lithify.compiler.lint.pragma import Settings
    from lithify.compiler.lint.rule import Rule
    from lithify.compiler.plan import BuildOptions, Plan
    from lithify.compiler.survey import SurveyedStage
    from lithify.errors import SourceText, Span
    from lithify.grammar.ast import Dockerfile, Instruction


class Finding(NamedTuple):
    """A rule that is broken at a place."""

    rule: Rule
    message: str
    span: Span

    @property
    def warning(self) -> PlanWarning:
        """The finding as a plan carries it."""
        return PlanWarning(self.rule.name, self.message, self.span, self.rule.url)


class Checked(NamedTuple):
    """A file with its findings, in file order, and its plan or the error that stood in its way."""

    source: SourceText
    findings: tuple[Finding, ...]
    plan: Plan | None
    error: LithifyError | None
    is_strict: bool = False

    @property
    def warnings(self) -> tuple[PlanWarning, ...]:
        return tuple(finding.warning for finding in self.findings)


def plan_and_check(
    dockerfile: Dockerfile,
    options: BuildOptions,
    resolver: ImageResolver,
    find_ignore: IgnoreFinder,
    *,
    every_stage: bool = False,
) -> Checked:
    """Plan a file and check it; an error of planning is kept beside what was found before it.

    `every_stage` looks also into stages that the target does not need."""
    watch = Watch(every_stage)
    plan, error = None, None
    try:
        plan = make_plan(dockerfile, options, resolver, watch)
    except LithifyError as raised:
        error = raised
    try:
        settings = file_settings(dockerfile, options)
        known = _readable_part(dockerfile, error)
        findings = _find(_context(known, options, watch, find_ignore), settings)
    except LithifyError as raised:
        return Checked(dockerfile.source, (), None, error or raised)
    checked = Checked(dockerfile.source, findings, plan, error, settings.is_error)
    if plan is None or not findings:
        return checked
    return checked._replace(plan=replace(plan, warnings=checked.warnings))


def violation(checked: Checked) -> SourceError | None:
    """The error of a file that wants its findings to be errors, if it has any (`error=true`)."""
    if not checked.is_strict or not checked.findings:
        return None
    names = dict.fromkeys(finding.rule.name for finding in checked.findings)
    return SourceError(f"lint violation found for rules: {', '.join(names)}")


def _find(context: LintContext, settings: Settings) -> tuple[Finding, ...]:
    text = _searched(context.dockerfile)
    findings: list[Finding] = []
    for rule in CHECKS:
        if not any(mark in text for mark in rule.marks):
            continue
        if not rule.is_experimental and not settings.allows(rule):
            continue
        if rule.is_experimental and not _may_be_wanted(rule, settings, context.dockerfile):
            continue
        findings += (
            Finding(rule, one.message, one.span)
            for one in rule.check(context)
            if settings.above(one.instruction).allows(rule)
        )
    return tuple(sorted(findings, key=lambda finding: finding.span.start))


def _searched(dockerfile: Dockerfile) -> str:
    """Keywords, flags and arguments in lower case, where marks are looked for."""
    pieces: list[str] = []
    for one in dockerfile.instructions:
        pieces += (one.keyword.text, one.rest)
        pieces += (f"--{flag.name}={flag.value}" for flag in one.flags)
        pieces += (heredoc.content for heredoc in one.heredocs)
    return "\n".join(pieces).lower()


def _may_be_wanted(rule: Rule, settings: Settings, dockerfile: Dockerfile) -> bool:
    """Whether the file or any comment in it asks for an experimental rule."""
    return settings.allows(rule) or any("check" in one.text for one in dockerfile.comments)


def _context(
    dockerfile: Dockerfile, options: BuildOptions, watch: Watch, find_ignore: IgnoreFinder
) -> LintContext:
    has_stage = any(isinstance(one, From) for one in dockerfile.instructions)
    head, stages = split_stages(dockerfile) if has_stage else ((), ())
    scope = watch.scope
    reached: tuple[SurveyedStage, ...] = ()
    if scope is not None and watch.resolution is not None:
        reached = survey(watch.resolution, scope, dockerfile.escape)
    return LintContext(dockerfile, head, stages, options, scope, reached, find_ignore)


def _readable_part(dockerfile: Dockerfile, error: LithifyError | None) -> Dockerfile:
    """The file up to its first mistake: what follows may be misread for want of it."""
    if not isinstance(error, SourceErrors):
        return dockerfile
    end = min((one.span.start for one in error.errors if one.span), default=0)

    def is_before(instruction: Instruction) -> bool:
        return instruction.span.end <= end

    return replace(
        dockerfile,
        instructions=tuple(filter(is_before, dockerfile.instructions)),
        empty_continuations=tuple(
            span for span in dockerfile.empty_continuations if span.end <= end
        ),
    )
