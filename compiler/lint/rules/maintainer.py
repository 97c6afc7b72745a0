"""An author should be named by a label.

What it does: reports MAINTAINER.

Why it matters: the instruction is deprecated; a label says the same and tools can read it.

Example:

    FROM busybox
    MAINTAINER someone@example.org

Use instead:

    FROM busybox
    LABEL org.opencontainers.image.authors="someone@example.org"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Maintainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for instruction in ctx.dockerfile.instructions:
        if isinstance(instruction, Maintainer):
            message = "Maintainer instruction is deprecated in favor of using label"
            yield about(instruction, message)
