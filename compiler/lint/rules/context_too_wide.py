"""A copy of the whole context should not bring what no image needs.

What it does: reports `COPY . ...` while the context holds, not ignored, what belongs to the machine it lies on: .git,
node_modules beside a package.json, a virtual environment of Python, the target folder of Cargo.

Why it matters: these are large, they change all the time and so spoil the cache, and they can hide what the image
installs itself.

Example (with a context that has .git and no .dockerignore):

    FROM busybox
    COPY . /srv/

Use instead:

    FROM busybox
    COPY src /srv/src
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.compiler.lint.insight.files import clean, visible
from lithify.compiler.lint.insight.scripts import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.files import Visible


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen = visible(ctx)
    burdens = [] if seen is None else _burdens(ctx, seen)
    if not burdens:
        return
    for line in ctx.lines:
        if line.instruction.flag("exclude") is not None:
            continue
        for source in context_sources(line):
            if not clean(source.value):
                message = f"This copies {', '.join(burdens)} too: list them in .dockerignore"
                yield about(line.instruction, message, source.word.span)


def _burdens(ctx: LintContext, seen: Visible) -> list[str]:
    """Folders that a build makes anew, or that only a working copy has."""
    found = {one for one in seen.directories if _is_burden(ctx, seen, one)}
    return sorted(one for one in found if not any(one.startswith(f"{top}/") for top in found))


def _is_burden(ctx: LintContext, seen: Visible, folder: str) -> bool:
    parent, name = posixpath.split(folder)
    if name == ".git":
        return seen.is_file(f"{folder}/HEAD") and not _needs_history(ctx)
    if name == "node_modules":
        return seen.is_file(posixpath.join(parent, "package.json"))
    if name == "target":
        return seen.is_file(posixpath.join(parent, "Cargo.toml")) and bool(seen.below(folder))
    return seen.is_file(f"{folder}/pyvenv.cfg")


def _needs_history(ctx: LintContext) -> bool:
    """Whether anything in the file works with the repository."""
    return any(mentions(line.instruction.rest, "git") for line in ctx.lines)
