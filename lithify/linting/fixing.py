"""Owns the repair of a file's text under a policy: which findings are repaired, and how many of which rules.

It refuses to write: that is for whoever asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.linter import examine, judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.compiler.lint.linter import LintFinding, Surrounding
    from lithify.compiler.lint.policy import Policy
    from lithify.grammar.ast import Dockerfile


def repaired(
    name: str, text: str, policy: Policy, around: Surrounding, *, unsafe: bool
) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The repaired text, and how many findings of which rules that ended."""

    def linter(dockerfile: Dockerfile) -> Sequence[LintFinding]:
        return judge(examine(dockerfile, policy, around), policy)

    fixed = fix_text(name, text, linter, unsafe=unsafe)
    return fixed.text, tuple(sorted(Counter(fixed.rules).items()))
