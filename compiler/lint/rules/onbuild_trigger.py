"""ONBUILD should hold an instruction that may fire.

What it does: reports FROM, MAINTAINER and ONBUILD behind ONBUILD.

Why it matters: the language forbids them there, and the build fails.

Example:

    FROM busybox:1.36
    ONBUILD ONBUILD RUN make

Use instead:

    FROM busybox:1.36
    ONBUILD RUN make
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic
from lithify.grammar.instructions import ForbiddenTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for error in ctx.dockerfile.errors:
        if isinstance(error, ForbiddenTrigger) and error.span is not None:
            message = f"{error.span.text.upper()} must not be the trigger of an ONBUILD"
            yield Diagnostic(message, error.span)
