"""Owns what is read differently in the hadolint profile, where verdicts must be exactly that tool's.

It keeps such differences out of the rules: each asks here, and reads the same for both profiles. It refuses verdicts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.family import unquoted
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from lithify.compiler.lint.context import LintContext
    from lithify.grammar.ast import Word


def is_exact(ctx: LintContext) -> bool:
    """Whether verdicts must be hadolint's to the letter."""
    return ctx.profile is Profile.HADOLINT


def meant(ctx: LintContext, word: Word) -> str:
    """A word without quotes around it; with them in the hadolint profile, which takes them for a part of it."""
    return word.text if is_exact(ctx) else unquoted(word.text)
