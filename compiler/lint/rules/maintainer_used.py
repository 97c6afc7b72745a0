"""MAINTAINER should not be used.

What it does: reports it.
It is a rule of the hadolint profile; otherwise `maintainer` speaks of it, with the verdict of the builder.

Why it matters: it is deprecated; a label can be read by tools.

Example:

    FROM busybox:1.36
    MAINTAINER someone@example.org

Use instead:

    FROM busybox:1.36
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
    for one in ctx.dockerfile.instructions:
        if isinstance(one, Maintainer):
            yield about(one, "MAINTAINER is deprecated: use a label", one.keyword.span)
