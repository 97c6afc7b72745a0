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

from lithify.compiler.lint.context import Related, about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen: dict[str, Word] = {}
    for stage in ctx.stages:
        alias = stage.source.alias
        if alias is None:
            continue
        if stage.name in seen:
            message = f'Duplicate stage name "{stage.name}", stage names should be unique'
            first = Related(seen[stage.name].span, "the first stage of that name")
            yield about(stage.source, message, focus=alias.span)._replace(related=(first,))
        seen.setdefault(stage.name, alias)
