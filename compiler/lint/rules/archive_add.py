"""ADD unpacks archives by itself.

What it does: reports a COPY of an archive that a later RUN of the stage unpacks.

Why it matters: the archive stays in a layer for ever; ADD never puts it there.

Example:

    FROM busybox
    COPY data.tar.gz /tmp/
    RUN tar -xzf /tmp/data.tar.gz -C /srv

Use instead:

    FROM busybox
    ADD data.tar.gz /srv/
"""

from __future__ import annotations

import re
from posixpath import basename
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import executed
from lithify.compiler.lint.commands.stages import shipped
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import unquoted
from lithify.compiler.lint.rule import Profile
from lithify.grammar.ast import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command
    from lithify.errors import Span

_ARCHIVES = (
    ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tb2", ".tar.xz", ".txz",
)  # fmt: skip
_ARCHIVES_FOR_HADOLINT = (
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz",
    ".tpz", ".txz", ".xz",
)  # fmt: skip
_EXTRACTORS = frozenset(
    ("unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat")
)
_BUNDLED = re.compile(r"[A-Za-z]*x[A-Za-z]*")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    is_hadolint = ctx.profile is Profile.HADOLINT
    suffixes = _ARCHIVES_FOR_HADOLINT if is_hadolint else _ARCHIVES
    # What another stage holds is not in the image.
    for section in ctx.sections[-1:] if is_hadolint else shipped(ctx):
        waiting: list[tuple[Copy, frozenset[str]]] = []
        for instruction in section.instructions:
            if isinstance(instruction, Copy):
                names = _archives(instruction, suffixes)
                waiting += [(instruction, names)] if names else []
            elif waiting and (run := executed(ctx, instruction)) is not None:
                unpacked = _unpacked(run, is_hadolint)
                for copy, names in waiting:
                    if names & unpacked:
                        message = "The archive stays in a layer: use ADD, which unpacks it"
                        yield about(copy, message, _place(copy, names))
                waiting = [(copy, names) for copy, names in waiting if not names & unpacked]


def _archives(copy: Copy, suffixes: tuple[str, ...]) -> frozenset[str]:
    """The names under which archives of the context are in the image."""
    if copy.flag("from") is not None:
        return frozenset()
    words = (*copy.sources, copy.destination)
    names = (basename(unquoted(word.text)) for word in words)
    return frozenset(name for name in names if name.endswith(suffixes))


def _unpacked(run: Executed, is_hadolint: bool) -> frozenset[str]:
    found: set[str] = set()
    for command in run.commands:
        if _extracts(command, is_hadolint):
            found.update(basename(word.text) for word in command.arguments)
    return frozenset(found)


def _extracts(command: Command, is_hadolint: bool) -> bool:
    if command.name != "tar":
        return command.name in _EXTRACTORS
    if command.has_flag("x", "extract", "get"):
        return True
    first = command.arguments[0].text if command.arguments else ""
    return not is_hadolint and _BUNDLED.fullmatch(first) is not None


def _place(copy: Copy, names: frozenset[str]) -> Span:
    words = (*copy.sources, copy.destination)
    return next(word.span for word in words if basename(unquoted(word.text)) in names)
