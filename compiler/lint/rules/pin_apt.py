"""Packages installed with apt-get have a version.

What it does: reports packages that apt-get installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM debian
    RUN apt-get update && apt-get install -y curl

Use instead:

    FROM debian
    RUN apt-get update && apt-get install -y curl=7.88.1-10
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import behind, commands, operands, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


#: Options that take a value of their own.
_KNOWN = ("t", "target-release")
_OTHERS = ("default-release", "o", "option", "c", "config-file", "a", "host-architecture")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    taking = valued(ctx, _KNOWN, _OTHERS)
    for run, command in commands(ctx, lambda one: one.calls("apt-get", "install")):
        words = behind(operands(command, taking), "install")
        bad = [word for word in words if not _is_pinned(word.text)]
        yield from unpinned(run, bad, "name=version")


def _is_pinned(text: str) -> bool:
    """A version, a release or a path is named, or a file."""
    return "=" in text or "/" in text or text.endswith(".deb")
