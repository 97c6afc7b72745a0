"""A base image should be for the platform that is built for.

What it does: reports a base whose image is for another operating system or architecture.

Why it matters: the result claims to run where it cannot. It is known only for images that are at hand.

Example:

    FROM --platform=linux/arm64 image-for-amd64-only

Use instead:

    FROM --platform=linux/amd64 image-for-amd64-only
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.platform import normalise_platform
from lithify.compiler.lint.context import about
from lithify.compiler.origins import ImageOrigin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        expanded, image = stage.resolved.stage, stage.resolved.image
        if image is None or not isinstance(expanded.origin, ImageOrigin):
            continue
        own, asked = normalise_platform(image.config.platform), expanded.platform
        if (own.os, own.architecture) != (asked.os, asked.architecture):
            yield about(
                stage.parsed.source,
                f'Base image {expanded.origin.written} was pulled with platform "{own}", '
                f'expected "{asked}" for current build',
                focus=stage.parsed.source.image.span,
            )
