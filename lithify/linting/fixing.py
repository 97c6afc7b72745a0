"""Owns the repair of a file's text under a policy: which findings are repaired, and how many of which rules.

It refuses to write: that is for whoever asked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lithify.compiler.lint.fixes import fix_text
from lithify.compiler.lint.linter import examine, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.linter import Extra, LintFinding, Surrounding
    from lithify.compiler.lint.policy import Policy
    from lithify.grammar.ast import Dockerfile

    Others = Callable[[LintContext], Sequence[Extra]]


def repaired(
    name: str, text: str, policy: Policy, around: Surrounding, others: Others, *, unsafe: bool
) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The repaired text, and how many findings of which rules that ended; `others` find more in a file than we do."""

    def linter(dockerfile: Dockerfile) -> Sequence[LintFinding]:
        examined = examine(dockerfile, policy, around)
        return judge(examined, policy, others(examined.context))

    fixed = fix_text(name, text, linter, unsafe=unsafe)
    return fixed.text, tuple(sorted(Counter(fixed.rules).items()))
