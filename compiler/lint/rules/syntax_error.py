"""A file should be one that can be built.

What it does: reports every instruction that cannot be read, and what cannot mean anything wherever it is built: an
unknown keyword or flag, a missing argument, an open heredoc, a mount without target. It cannot be ignored.

Why it matters: nobody can build the file; and where an instruction is not understood, nothing else is said about it.

Example:

    FROM busybox
    CPOY app /srv/app

Use instead:

    FROM busybox
    COPY app /srv/app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    start = Span(ctx.dockerfile.source, 0, 0)
    for error in ctx.errors:
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        yield Diagnostic(message, error.span or start)
