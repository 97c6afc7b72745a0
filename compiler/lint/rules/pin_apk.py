"""Packages installed with apk have a version.

What it does: reports packages that apk installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM alpine
    RUN apk add --no-cache curl

Use instead:

    FROM alpine
    RUN apk add --no-cache curl=8.9.0-r0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import behind, commands, operands, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


#: Options that take a value of their own.
_KNOWN = ("t", "virtual", "X", "repository")
_OTHERS = ("p", "root", "arch", "keys-dir", "repositories-file", "cache-dir", "wait")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    taking = valued(ctx, _KNOWN, _OTHERS)
    for run, command in commands(ctx, lambda one: one.calls("apk", "add")):
        words = behind(operands(command, taking), "add")
        bad = [word for word in words if not _is_pinned(word.text)]
        yield from unpinned(run, bad, "name=version or name~version")


def _is_pinned(text: str) -> bool:
    return any(sign in text for sign in "=~<>") or text.endswith(".apk")
