"""Files of the context should be brought in by COPY.

What it does: reports an ADD with a source that is neither an archive nor fetched from elsewhere.

Why it matters: ADD also unpacks and downloads; whoever reads it must find out whether that is meant.

Example:

    FROM busybox:1.36
    ADD app.conf /etc/

Use instead:

    FROM busybox:1.36
    COPY app.conf /etc/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.family import unquoted
from lithify.grammar.ast import Add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word


_ARCHIVES = (".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz",
             ".tlz", ".tpz", ".txz", ".xz")  # fmt: skip
_NEWER_ARCHIVES = (".zst", ".tzst")
_REMOTE = ("http://", "https://")
_GIT = ("git@", "git://", "ssh://")
_ONLY_ADD = frozenset(("keep-git-dir", "checksum", "unpack"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if not isinstance(one, Add) or (not is_exact(ctx) and _unpacks(one)):
            continue
        word = next((word for word in one.sources if _is_plain(ctx, word)), None)
        if word is not None:
            message = f"COPY does what is wanted of ADD for '{unquoted(word.text)}'"
            yield about(one, message, word.span, fixes=_fixes(ctx, one))


def _unpacks(instruction: Add) -> bool:
    flag = instruction.flag("unpack")
    return flag is not None and (flag.value or "true").lower() == "true"


def _is_plain(ctx: LintContext, word: Word) -> bool:
    text = unquoted(word.text)
    if is_exact(ctx):
        return not text.endswith(_ARCHIVES) and not text.startswith(_REMOTE)
    return not text.endswith(_ARCHIVES + _NEWER_ARCHIVES) and not text.startswith(_REMOTE + _GIT)


def _fixes(ctx: LintContext, instruction: Add) -> tuple[Fix, ...]:
    """Only if COPY can do all of it; a variable or a pattern may stand for an archive."""
    has_own_flag = any(flag.name in _ONLY_ADD for flag in instruction.flags)
    if has_own_flag or not all(_is_plain(ctx, word) for word in instruction.sources):
        return ()
    is_safe = not any(set("$*?[") & set(word.text) for word in instruction.sources)
    text = "copy" if instruction.keyword.text.islower() else "COPY"
    return (Fix("Write COPY", (Edit(instruction.keyword.span, text),), is_safe),)
