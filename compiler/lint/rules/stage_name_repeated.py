"""A stage should not have a name that is taken.

What it does: reports a FROM whose stage has exactly the name of an earlier one.
It is a rule of the hadolint profile; otherwise `stage-name-duplicate` speaks of it, with the verdict of the builder.

Why it matters: which of the stages a name means depends on who asks.

Example:

    FROM busybox:1.36 AS base
    FROM debian:12 AS base

Use instead:

    FROM busybox:1.36 AS tools
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
    for section in ctx.sections:
        alias = section.source.alias if section.source is not None else None
        if section.source is None or alias is None:
            continue
        if alias.text in seen:
            yield about(section.source, f"There is a stage '{alias.text}' already", alias.span)
        seen.add(alias.text)
