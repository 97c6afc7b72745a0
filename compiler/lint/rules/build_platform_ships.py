"""The result should be for the platform that is asked for.

What it does: reports --platform=$BUILDPLATFORM in the stage that results, or in one it is built on.

Why it matters: the image says that it is for the target, or is refused there, while everything in it is for the
machine that has built it.

Example:

    FROM --platform=$BUILDPLATFORM debian:13
    CMD ["bash"]

Use instead:

    FROM debian:13
    CMD ["bash"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.insight.story import ancestry, target_stage
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    target = target_stage(ctx)
    if target is None:
        return
    for stage in ancestry(target):
        source = stage.parsed.source
        flag = source.flag("platform")
        is_image = stage.resolved.image is not None
        if flag is None or not is_image or (flag.value or "").strip("${}") != "BUILDPLATFORM":
            continue
        message = "The result is made for the machine that builds, not for the platform asked for"
        span = flag.span
        edit = Edit(Span(span.source, span.start, source.image.span.start), "")
        fix = Fix("Delete --platform", (edit,), is_safe=False)
        yield about(source, message, span)._replace(fixes=(fix,))
