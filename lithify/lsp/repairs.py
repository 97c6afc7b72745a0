"""Owns what an editor may do about findings: repair one, repair all safely, or silence one by a comment.

The repairs are those of `lithify lint --fix`; only the silencing comment is made here. It refuses to silence what no
comment can: a file that cannot be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.catalogue.file import SYNTAX_ERROR
from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.rule import Profile
from lithify.lsp.buffer import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.linter import LintFinding
    from lithify.lsp.session import Analysis, OpenDocument


class Repair(NamedTuple):
    """One thing to do. `is_preferred`: what most people would."""

    title: str
    changes: tuple[Change, ...]
    finding: LintFinding | None = None
    is_preferred: bool = False


def repairs(analysis: Analysis, start: int, end: int) -> Iterator[Repair]:
    """What can be done about findings that touch a range."""
    for finding in analysis.findings:
        if finding.span.start > end or finding.span.end < start:
            continue
        has_preferred = False
        for fix in finding.fixes:
            if not fix.edits:
                continue
            title = fix.title if fix.is_safe else f"{fix.title} (changes what is built)"
            is_preferred = fix.is_safe and not has_preferred
            has_preferred |= is_preferred
            changes = tuple(
                _change(analysis, one.span.start, one.span.end, one.text) for one in fix.edits
            )
            yield Repair(title, changes, finding, is_preferred)
        silencing = _silence(analysis, finding)
        if silencing is not None:
            yield Repair(f"Ignore {finding.rule.slug} here", (silencing,), finding)


def _change(analysis: Analysis, start: int, end: int, text: str) -> Change:
    """An edit, with the line ends of the file."""
    fresh = text.replace("\r\n", "\n")
    has_returns = "\r\n" in analysis.buffer.text
    return Change(start, end, fresh.replace("\n", "\r\n") if has_returns else fresh)


def _silence(analysis: Analysis, finding: LintFinding) -> Change | None:
    """A comment above the instruction that a finding is about."""
    instruction = finding.instruction or analysis.document.at(finding.span.start)
    if finding.rule is SYNTAX_ERROR or instruction is None or not analysis.policy.obeys_comments:
        return None
    start = instruction.span.start
    text = analysis.buffer.text
    line = text.rfind("\n", 0, start) + 1
    indent = text[line:start] if not text[line:start].strip() else ""
    if analysis.policy.profile is Profile.HADOLINT:
        comment = f"# hadolint ignore={finding.rule.name}"
    else:
        comment = f"# lithify: ignore[{finding.rule.slug}]"
    return _change(analysis, line, line, f"{indent}{comment}\n")


def repair_all(document: OpenDocument) -> Change | None:
    """Everything that can be repaired safely, as one change; None if nothing can."""
    text = document.buffer.text
    name = document.path or "Dockerfile"
    after = fix_text(name, text, document.findings_of).text
    if after == text:
        return None
    start, tail = _common_lines(text, after)
    return Change(start, len(text) - tail, after[start : len(after) - tail])


def _common_lines(one: str, other: str) -> tuple[int, int]:
    """How long the whole lines are that two texts begin with, and those that they end with."""
    ours, theirs = one.splitlines(keepends=True), other.splitlines(keepends=True)
    most = min(len(ours), len(theirs))
    head = next((at for at in range(most) if ours[at] != theirs[at]), most)
    left = most - head
    tail = next((at for at in range(left) if ours[-1 - at] != theirs[-1 - at]), left)
    return sum(map(len, ours[:head])), sum(map(len, ours[len(ours) - tail :]))
