"""Each stage should have a name of its own.

What it does: reports a FROM whose stage has the name of an earlier one.

Why it matters: a later FROM sees the nearest stage above, COPY and --target the last one of the file.

Example:

    FROM busybox AS base
    FROM debian:12 AS base

Use instead:

    FROM busybox AS tools
    FROM debian:12 AS base
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for stage in ctx.stages:
        if stage.name and stage.name in seen:
            message = f'Duplicate stage name "{stage.name}", stage names should be unique'
            yield about(stage.source, message)
        seen.add(stage.name)
