"""COPY and ADD should not name what the ignore file takes away.

What it does: reports sources in the build context that a pattern of .dockerignore matches, if it brings nothing back by `!`.

Why it matters: the file is not in the context, so the build fails, or copies less than it says.

Example (with `*.log` in .dockerignore):

    FROM busybox
    COPY build.log /srv/

Use instead:

    FROM busybox
    COPY build.txt /srv/
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.grammar.ast import Add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.lint.context import Diagnostic, LintContext

_WHOLE = frozenset(("*", "**", "**/*"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    copies = [line for line in ctx.lines if any(context_sources(line))]
    ignore = ctx.find_ignore() if copies else None
    if ignore is None or ignore.has_negatives:
        return
    for line in copies:
        instruction = line.instruction
        verb = "Add" if isinstance(instruction, Add) else "Copy"
        for source in context_sources(line):
            if is_hidden(source.value, ignore):
                yield about(
                    instruction,
                    f'Attempting to {verb} file "{source.value}" that is excluded by .dockerignore',
                )


def is_hidden(source: str, ignore: IgnoreMatcher) -> bool:
    """Whether a pattern takes a source away."""
    path = posixpath.normpath(source).lstrip("/")
    if path in ("", "."):
        return any(pattern.text in _WHOLE for pattern in ignore.patterns)
    return ignore.is_ignored(path)
