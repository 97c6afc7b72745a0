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
from lithify.compiler.lower.remote import is_git, is_url
from lithify.grammar.ast import Add, CopyLike
from lithify.grammar.heredoc import parse_heredoc_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import Line
    from lithify.grammar.ast import Instruction


_WHOLE = frozenset(("*", "**", "**/*"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    copies = [line for line in ctx.lines if _is_from_context(line.instruction)]
    ignore = ctx.find_ignore() if copies else None
    if ignore is None or ignore.has_negatives:
        return
    for line in copies:
        instruction = line.instruction
        verb = "Add" if isinstance(instruction, Add) else "Copy"
        for source in _sources(line):
            if _is_ignored(source, ignore):
                yield about(
                    instruction,
                    f'Attempting to {verb} file "{source}" that is excluded by .dockerignore',
                )


def _is_from_context(instruction: Instruction) -> bool:
    return isinstance(instruction, CopyLike) and not instruction.flag("from")


def _sources(line: Line) -> Iterator[str]:
    instruction = line.instruction
    assert isinstance(instruction, CopyLike)
    heredocs = {heredoc.name for heredoc in instruction.heredocs}
    for word in instruction.sources:
        opened = parse_heredoc_word(word.text) if heredocs else None
        source = line.value(word.text)
        is_remote = is_url(source) or is_git(source)
        if not is_remote and (opened is None or opened.name not in heredocs):
            yield source


def _is_ignored(source: str, ignore: IgnoreMatcher) -> bool:
    path = posixpath.normpath(source).lstrip("/")
    if path in ("", "."):
        return any(pattern.text in _WHOLE for pattern in ignore.patterns)
    return ignore.is_ignored(path)
