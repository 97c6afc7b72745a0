"""Packages installed with zypper have a version.

What it does: reports packages that zypper installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM opensuse/leap
    RUN zypper -n install curl && zypper clean

Use instead:

    FROM opensuse/leap
    RUN zypper -n install curl=8.6.0 && zypper clean
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import behind, commands, operands, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_INSTALLS = ("install", "in")
#: Options that take a value of their own.
_OTHERS = ("r", "repo", "from", "t", "type", "R", "root", "c", "config")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    taking = valued(ctx, (), _OTHERS)
    for run, command in commands(ctx, lambda one: one.calls("zypper", *_INSTALLS)):
        words = behind(operands(command, taking), *_INSTALLS)
        bad = [word for word in words if not _is_pinned(word.text)]
        yield from unpinned(run, bad, "name=version")


def _is_pinned(text: str) -> bool:
    return any(sign in text for sign in "=<>") or text.endswith(".rpm")
