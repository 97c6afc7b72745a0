"""COPY --from should name a path that the stage can have.

What it does: reports a path that no instruction of the stage can have made, and that its base has not: stages on
scratch, or on an image that is at hand, without any RUN.

Why it matters: the build fails there, after everything above it was built.

Example:

    FROM scratch AS data
    COPY --chmod=644 rules.txt /data/rules.txt
    FROM busybox
    COPY --from=data /date/rules.txt /rules.txt

Use instead:

    FROM scratch AS data
    COPY --chmod=644 rules.txt /data/rules.txt
    FROM busybox
    COPY --from=data /data/rules.txt /rules.txt
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.wildcard import has_meta
from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.copies import stage_sources
from lithify.compiler.lint.insight.filesystem import can_exist
from lithify.compiler.lint.insight.stages import source_stage
from lithify.compiler.paths import absolute_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        stage = source_stage(ctx, line)
        if stage is None:
            continue
        for source in stage_sources(line):
            path = absolute_path(source.value)
            is_plain = not has_meta(path) and "$" not in path and path != "/"
            if is_plain and not can_exist(ctx, stage, path):
                label = stage.parsed.label
                message = f"Nothing in stage {label} can have made {path}"
                related = Related(stage.parsed.source.span, f"the stage {label}")
                finding = about(line.instruction, message, source.word.span)
                yield finding._replace(related=(related,))
