"""A whole file system should not be copied over another one.

What it does: reports `COPY --from=... / /`.

Why it matters: it doubles the image, and mixes two systems; what is needed of the other stage is not said.

Example:

    FROM busybox:1.36 AS tools
    FROM scratch
    COPY --from=tools / /

Use instead:

    FROM busybox:1.36 AS tools
    FROM scratch
    COPY --from=tools /bin/busybox /bin/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import unquoted
from lithify.grammar.ast import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if not isinstance(one, Copy) or one.flag("from") is None:
            continue
        words = [unquoted(word.text) for word in (*one.sources, one.destination)]
        if words == ["/", "/"]:
            message = "This copies a whole file system: name what is needed, or use FROM"
            yield about(one, message)
