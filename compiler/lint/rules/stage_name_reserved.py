"""A stage should not have the name of something else.

What it does: reports stages that are called `scratch` or `context`.

Why it matters: both names mean something already, the empty file system and the build context.

Example:

    FROM busybox AS scratch

Use instead:

    FROM busybox AS empty
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_RESERVED = frozenset(("context", "scratch"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        alias = stage.source.alias
        if alias is not None and stage.name in _RESERVED:
            yield about(
                stage.source,
                f'Stage name should not use the same name as reserved stage "{stage.name}"',
                focus=alias.span,
            )
