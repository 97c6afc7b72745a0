"""Comments should hide something.

What it does: reports a rule in a comment that silences rules, where that rule finds nothing. Names that other tools
answer for are left alone, and so are rules that are switched off.

Why it matters: what was wrong is repaired; the comment stays behind and will hide the next mistake.

Example:

    FROM busybox
    # lithify: ignore[maintainer] kept for the old registry
    LABEL version=1

Use instead:

    FROM busybox
    LABEL version=1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for remark in ctx.remarks:
        if remark.kind == "unused-ignore":
            yield Diagnostic(remark.message, remark.span, fixes=remark.fixes, tags=("unnecessary",))
