"""COPY to a relative path should follow a WORKDIR.

What it does: reports a relative destination if neither the stage nor one it is built on has set a working directory, nor
the base image, where that is at hand.

Why it matters: where the files go then depends on the base image, and may change with it.

Example:

    FROM busybox:1.36
    COPY app.conf etc/

Use instead:

    FROM busybox:1.36
    WORKDIR /srv
    COPY app.conf etc/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import bases, unquoted
from lithify.grammar.ast import Copy, Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext, Section


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    known: list[bool] = []
    settled = _settled_by_images(ctx)
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        has_workdir = known[base] if base is not None else _start(section) in settled
        for one in section.instructions:
            has_workdir = has_workdir or isinstance(one, Workdir)
            if isinstance(one, Copy) and not has_workdir:
                target = one.destination.text if one.json else unquoted(one.destination.text)
                if not _is_absolute(target):
                    message = f"'{target}' is relative, and no WORKDIR says to what"
                    yield about(one, message, one.destination.span)
        known.append(has_workdir)


def _settled_by_images(ctx: LintContext) -> frozenset[int]:
    """Where those stages start whose base image has a directory to work in."""
    return frozenset(
        stage.parsed.source.span.start
        for stage in (() if is_exact(ctx) else ctx.reached)
        if stage.image is not None and stage.image.config.config.working_dir not in ("", "/")
    )


def _start(section: Section) -> int:
    return section.source.span.start if section.source is not None else -1


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "$")) or (path[1:2] == ":" and path[:1].isalpha())
