"""Owns the repair of a file: the edits of findings applied, again and again until nothing more changes.

Repairs can collide, and one can make the next possible; so each round takes those that leave each other alone, and
the file is read anew. It refuses a repair after which more of the file is unreadable than before, and to go on forever:
there is a greatest number of rounds, and a text that was seen before ends them.

Specification: the meaning of a safe repair stands at `Fix`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import SourceText
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lithify.compiler.lint.context import Edit, Fix
    from lithify.compiler.lint.linter import LintFinding
    from lithify.grammar.ast import Dockerfile

    Linter = Callable[[Dockerfile], Sequence[LintFinding]]

_MOST_ROUNDS = 12


class Fixed(NamedTuple):
    """A repaired text, and the rules whose findings were repaired, one entry for each finding."""

    text: str
    rules: tuple[str, ...]


class _Chosen(NamedTuple):
    rule: str
    edits: tuple[Edit, ...]


def fix_text(name: str, text: str, linter: Linter, *, unsafe: bool = False) -> Fixed:
    """Repair a text as far as its findings offer; without `unsafe` only by safe fixes."""
    seen = {text}
    rules: list[str] = []
    for _ in range(_MOST_ROUNDS):
        dockerfile = parse(SourceText(name, text))
        chosen = _compatible(linter(dockerfile), unsafe)
        repaired, done = _repaired(name, text, chosen, len(dockerfile.errors))
        if repaired in seen:
            break
        seen.add(repaired)
        text = repaired
        rules += done
    return Fixed(text, tuple(rules))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits, none of which touch each other; their line breaks become those of the text."""
    parts: list[str] = []
    at = 0
    has_returns = "\r\n" in text
    for edit in sorted(edits, key=lambda one: one.span.start):
        fresh = edit.text.replace("\r\n", "\n")
        parts += (text[at : edit.span.start], fresh.replace("\n", "\r\n") if has_returns else fresh)
        at = edit.span.end
    return "".join((*parts, text[at:]))


def chosen_fix(fixes: Sequence[Fix], unsafe: bool) -> Fix | None:
    """The first repair that is allowed."""
    return next((fix for fix in fixes if (fix.is_safe or unsafe) and fix.edits), None)


def _compatible(findings: Sequence[LintFinding], unsafe: bool) -> list[_Chosen]:
    """The first allowed fix of each finding, as long as it leaves those before it alone."""
    taken: list[tuple[int, int]] = []
    chosen: list[_Chosen] = []
    for finding in findings:
        fix = chosen_fix(finding.fixes, unsafe)
        if fix is None:
            continue
        places = [(edit.span.start, edit.span.end) for edit in fix.edits]
        if _collide([*places], taken) or _collide_within(places):
            continue
        taken += places
        chosen.append(_Chosen(finding.rule.slug, fix.edits))
    return chosen


def _collide(places: Sequence[tuple[int, int]], taken: Sequence[tuple[int, int]]) -> bool:
    """Whether places overlap; touching counts where one of them is empty, for the order would be a guess."""
    return any(
        start < other_end and other_start < end or start == other_start or end == other_end
        for start, end in places
        for other_start, other_end in taken
    )


def _collide_within(places: Sequence[tuple[int, int]]) -> bool:
    return any(_collide(places[at : at + 1], places[:at]) for at in range(len(places)))


def _repaired(
    name: str, text: str, chosen: Sequence[_Chosen], mistakes: int
) -> tuple[str, list[str]]:
    """All repairs at once; if that breaks something, one by one without those that do."""
    whole = apply_edits(text, (edit for one in chosen for edit in one.edits))
    if _mistakes(name, whole) <= mistakes:
        return whole, [one.rule for one in chosen]
    kept: list[_Chosen] = []
    for one in chosen:
        attempt = apply_edits(text, (edit for each in (*kept, one) for edit in each.edits))
        if _mistakes(name, attempt) <= mistakes:
            kept.append(one)
    return apply_edits(text, (edit for one in kept for edit in one.edits)), [
        one.rule for one in kept
    ]


def _mistakes(name: str, text: str) -> int:
    return len(parse(SourceText(name, text)).errors)
