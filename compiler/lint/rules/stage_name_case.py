"""Stage names should be lowercase.

What it does: reports a name after AS that holds an upper-case letter.

Why it matters: names are compared in lower case, so `Build` and `build` are one stage that looks like two.

Example:

    FROM busybox AS BuildTools

Use instead:

    FROM busybox AS build-tools
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        alias = stage.source.alias
        if alias is not None and alias.text != alias.text.lower():
            yield about(stage.source, f"Stage name '{alias.text}' should be lowercase")
