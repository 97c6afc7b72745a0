"""A stage should not be called scratch or context.

What it does: reports stages with exactly one of these names.
It is a rule of the hadolint profile; otherwise `stage-name-reserved` speaks of it, with the verdict of the builder.

Why it matters: both mean something else already.

Example:

    FROM busybox:1.36 AS scratch

Use instead:

    FROM busybox:1.36 AS empty
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_TAKEN = frozenset(("scratch", "context"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        alias = section.source.alias if section.source is not None else None
        if section.source is not None and alias is not None and alias.text in _TAKEN:
            yield about(section.source, f"The name '{alias.text}' is reserved", alias.span)
