"""COPY should not take files from its own stage.

What it does: reports a --from that is the name, or the number, of the stage that it stands in.

Why it matters: the stage is not done yet, and the build fails.

Example:

    FROM busybox:1.36 AS tools
    COPY --from=tools /bin/sh /srv/sh

Use instead:

    FROM busybox:1.36 AS tools
    RUN cp /bin/sh /srv/sh
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import alias_of, sources, stage_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for index, section in enumerate(ctx.sections):
        names = {alias_of(ctx, section)} | (set() if is_exact(ctx) else {str(index)})
        for one in section.instructions:
            for source in sources(one):
                if source.is_copy and stage_key(ctx, source.name) in names:
                    yield about(one, f"'{source.name}' is this very stage", source.span)
