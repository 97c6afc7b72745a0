"""FROM should not ask for the platform it gets anyway.

What it does: reports a --platform that is $TARGETPLATFORM and nothing else.

Why it matters: it is the default; spelt out, it makes readers look for a reason.

Example:

    FROM --platform=$TARGETPLATFORM busybox

Use instead:

    FROM busybox
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, about
from lithify.compiler.lint.edits import without_flag
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_NAME = "TARGETPLATFORM"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    if ctx.scope is None:
        return
    for stage in ctx.stages:
        flag = stage.source.flag("platform")
        if flag is None or not flag.value:
            continue
        try:
            expansion = expand(flag.value, ctx.scope.variables, ctx.dockerfile.escape)
        except ExpansionError:
            continue
        is_only = expansion.used == {_NAME} and not expansion.missing
        if is_only and expansion.value == ctx.scope.variables[_NAME]:
            yield about(
                stage.source,
                f"Setting platform to predefined {flag.value} in FROM is redundant as this is the "
                "default behavior",
                focus=flag.span,
                fixes=(Fix("Remove the flag", (without_flag(flag, stage.source.image),)),),
            )
