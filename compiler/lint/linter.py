"""Owns the check of a file for its own sake: every rule over whatever can be read, and one answer for each problem.

It differs from the checks of a build (`engine`): nothing stops it, and people decide more about it. It works in two
halves, because what other programs find in scripts is asked for many files at once: `examine` reads a file and makes
its context, `judge` lets the rules speak, adds what others found, and takes away what nobody wants to hear.

Specification: section 6.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.catalogue.checks import CHECKS
from lithify.compiler.lint.catalogue.file import FILE, SYNTAX_ERROR
from lithify.compiler.lint.comments import Nearby, Objections, read_objections
from lithify.compiler.lint.context import Diagnostic, LintContext
from lithify.compiler.lint.hadolint import ONE_FOR_EACH_LABEL, refusal
from lithify.compiler.lint.names import ALL
from lithify.compiler.lint.policy import Policy, names_of
from lithify.compiler.lint.registry import RULES
from lithify.compiler.lint.remarks import remarks_about
from lithify.compiler.lint.rule import Profile, Severity
from lithify.compiler.lint.understanding import understand
from lithify.compiler.lint.world import World
from lithify.compiler.offline import NoImages
from lithify.compiler.plan import BuildOptions
from lithify.compiler.shell.reader import ScriptReader
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.cache.ports import ImageResolver
    from lithify.compiler.lint.comments import Ignore
    from lithify.compiler.lint.context import Fix, IgnoreFinder, Related
    from lithify.compiler.lint.rule import Rule
    from lithify.errors import SourceError
    from lithify.grammar.ast import Dockerfile, Instruction


class LintFinding(NamedTuple):
    """A rule that is broken at a place, and how grave that is here."""

    rule: Rule
    level: Severity
    message: str
    span: Span
    instruction: Instruction | None = None
    fixes: tuple[Fix, ...] = ()
    related: tuple[Related, ...] = ()
    tags: tuple[str, ...] = ()


class Surrounding(NamedTuple):
    """What a file stands in: options of its build, images and files at hand."""

    options: BuildOptions = BuildOptions()
    resolver: ImageResolver = NoImages()
    find_ignore: IgnoreFinder = lambda: None
    world: World = World()


class Examined(NamedTuple):
    """A file that was read, ready for the rules.

    `impossible` are mistakes that a rule may describe better; `is_refused`: hadolint would not have read the file."""

    context: LintContext
    objections: Objections
    impossible: tuple[SourceError, ...] = ()
    is_refused: bool = False


#: What another program found: a rule made for it, and the finding. Rules by other tools are no part of the catalogue.
Extra = tuple["Rule", Diagnostic]


class _Active(NamedTuple):
    rule: Rule
    level: Severity
    names: frozenset[str]
    marks: frozenset[str]


_UNKNOWN_STAGE = "DL3022"
_POLICY = Policy()
_ALONE = Surrounding()


def lint(
    dockerfile: Dockerfile, policy: Policy = _POLICY, surrounding: Surrounding = _ALONE
) -> tuple[LintFinding, ...]:
    """All findings of a file, in file order."""
    return judge(examine(dockerfile, policy, surrounding), policy)


def examine(dockerfile: Dockerfile, policy: Policy, surrounding: Surrounding) -> Examined:
    """Read a file as far as it goes; never raises for what stands in it."""
    is_compatible = policy.profile is Profile.HADOLINT
    options = surrounding.options
    understood = understand(
        dockerfile, options, surrounding.resolver, deeply=policy.profile is Profile.DEFAULT
    )
    objections = Objections()
    if policy.obeys_comments:
        objections = read_objections(dockerfile, policy.profile, options)
    errors = (*objections.errors, *understood.unreadable)
    refused = refusal(dockerfile) if is_compatible else None
    if is_compatible:
        errors = (refused,) if refused else ()
    context = LintContext(
        dockerfile,
        understood.head,
        understood.stages,
        options,
        understood.scope,
        understood.reached,
        surrounding.find_ignore,
        understood.sections,
        ScriptReader(dockerfile),
        profile=policy.profile,
        rule_options=policy.options,
        world=surrounding.world,
        errors=errors,
    )
    impossible = () if is_compatible else understood.impossible
    return Examined(context, objections, impossible, refused is not None)


def judge(
    examined: Examined, policy: Policy, extra: Iterable[Extra] = ()
) -> tuple[LintFinding, ...]:
    """What the rules say of a file, with what others found in it, as the policy and its comments allow."""
    judging = _Judging(examined, policy)
    if not examined.is_refused:
        text = searched_text(examined.context.dockerfile)
        found = frozenset(mark for mark in _marks(policy) if mark in text)
        for one in _active(policy):
            if not found.isdisjoint(one.marks):
                judging.run(one)
        for rule, diagnostic in extra:
            judging.add_extra(rule, diagnostic)
    judging.add_errors()
    judging.add_remarks()
    return judging.findings()


@lru_cache(maxsize=64)
def _active(policy: Policy) -> tuple[_Active, ...]:
    """The rules of a policy; experimental ones always, for a file may ask for them."""
    made = []
    for rule in RULES:
        if rule in FILE or policy.profile not in rule.profiles:
            continue
        level = policy.level(rule)
        if level is None and rule.is_experimental and not policy.ignored & names_of(rule):
            level = rule.severity
        if level is not None:
            made.append(_Active(rule, level, names_of(rule), frozenset(rule.marks)))
    return tuple(made)


@lru_cache(maxsize=64)
def _marks(policy: Policy) -> frozenset[str]:
    """All marks of active rules: each is looked for once, however many rules have it."""
    return frozenset(mark for one in _active(policy) for mark in one.marks)


class _Judging:
    """The findings of one file so far; `_used` are the names in comments that hid one."""

    def __init__(self, examined: Examined, policy: Policy) -> None:
        self._context = examined.context
        self._objections = examined.objections
        self._impossible = examined.impossible
        self._policy = policy
        self._ignores = Nearby(examined.objections.ignores)
        self._used: set[tuple[Ignore, str]] = set()
        self._found: list[LintFinding] = []

    def run(self, active: _Active) -> None:
        rule = active.rule
        needs_asking = rule.is_experimental and self._policy.level(rule) is None
        wanted = self._objections.wanted if needs_asking else ()
        if needs_asking and not any(_names(one, active.names) for one in wanted):
            return
        level = active.level
        if self._objections.is_strict and rule in CHECKS:
            level = Severity.ERROR
        for one in rule.check(self._context):
            is_asked = not needs_asking or any(
                _names(ask, active.names) and ask.covers(_offset(one)) for ask in wanted
            )
            if is_asked and not self._is_hidden(active.names, _offset(one)):
                self._add(rule, level, one)

    def add_extra(self, rule: Rule, diagnostic: Diagnostic) -> None:
        level, names = self._policy.level(rule), names_of(rule)
        if level is not None and not self._is_hidden(names, _offset(diagnostic)):
            self._add(rule, level, diagnostic)

    def add_errors(self) -> None:
        """What cannot be read; and what is impossible, where nothing else is wrong with the instruction."""
        grave = [
            one
            for one in self._found
            if one.level is Severity.ERROR or _is_about_missing_number(one)
        ]
        missed = tuple(
            error
            for error in (*self._context.errors, *self._impossible)
            if error.span is None or not any(_is_about(one, error.span) for one in grave)
        )
        for diagnostic in SYNTAX_ERROR.check(self._context._replace(errors=missed)):
            self._add(SYNTAX_ERROR, Severity.ERROR, diagnostic)

    def add_remarks(self) -> None:
        """What is wrong with the comments, now that it is known which of them hid something."""
        if not self._objections.ignores:
            return
        active = frozenset(name for one in _active(self._policy) for name in one.names)
        is_whole = not self._context.errors
        spoke = active if is_whole else None
        remarks = tuple(remarks_about(self._objections, self._used, spoke, self._policy.others))
        context = self._context._replace(remarks=remarks)
        for rule in FILE:
            level = self._policy.level(rule)
            if rule is SYNTAX_ERROR or level is None:
                continue
            for diagnostic in rule.check(context):
                if not self._is_hidden(names_of(rule), _offset(diagnostic)):
                    self._add(rule, level, diagnostic)

    def findings(self) -> tuple[LintFinding, ...]:
        """One for each problem, in file order."""
        unique = {(one.rule.name, one.span.start, one.message): one for one in self._found}
        if self._policy.profile is Profile.HADOLINT:
            unique = {_hadolint_key(one): one for one in map(_at_keyword, unique.values())}
        return tuple(sorted(unique.values(), key=lambda one: (one.span.start, one.rule.name)))

    def _is_hidden(self, names: frozenset[str], offset: int) -> bool:
        is_hidden = False
        for ignore in self._ignores.at(offset):
            for name, _ in ignore.names:
                if name == ALL or name in names:
                    self._used.add((ignore, name))
                    is_hidden = True
        return is_hidden

    def _add(self, rule: Rule, level: Severity, one: Diagnostic) -> None:
        self._found.append(
            LintFinding(
                rule,
                level,
                one.message,
                one.place,
                one.instruction,
                one.fixes,
                one.related,
                one.tags,
            )
        )


def searched_text(dockerfile: Dockerfile) -> str:
    """The text in lower case, where marks are looked for; where lines are continued, also as they are joined."""
    text = dockerfile.source.text
    if f"{dockerfile.escape}\n" in text or f"{dockerfile.escape}\r" in text:
        text = "\n".join((text, *(one.rest for one in dockerfile.instructions)))
    return text.lower()


def _names(ignore: Ignore, names: frozenset[str]) -> bool:
    return any(name == ALL or name in names for name, _ in ignore.names)


def _offset(one: Diagnostic) -> int:
    """Where a finding stands for comments: at its instruction, if it is about one."""
    return one.instruction.span.start if one.instruction is not None else one.span.start


def _is_about(finding: LintFinding, span: Span) -> bool:
    """Whether a finding is about the instruction that holds a span."""
    whole = finding.instruction.span if finding.instruction is not None else finding.span
    return whole.start <= span.start < max(whole.end, whole.start + 1)


def _is_about_missing_number(finding: LintFinding) -> bool:
    """Whether it says that no stage has a number: there is nothing to add to that."""
    text = finding.span.source.text[finding.span.start : finding.span.end]
    return finding.rule.name == _UNKNOWN_STAGE and text.rpartition("=")[2].isdecimal()


def _at_keyword(finding: LintFinding) -> LintFinding:
    """The finding where hadolint puts it: at the first column of its instruction's first line."""
    if finding.rule is SYNTAX_ERROR:
        return finding
    whole = finding.instruction.span if finding.instruction is not None else finding.span
    start = whole.start - whole.column + 1
    return finding._replace(span=Span(whole.source, start, start))


def _hadolint_key(finding: LintFinding) -> tuple[str, int, str]:
    message = finding.message if finding.rule.name in ONE_FOR_EACH_LABEL else ""
    return finding.rule.name, finding.span.start, message
