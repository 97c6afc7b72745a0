"""What a base image makes a build do should be visible.

What it does: tells which ONBUILD instructions of the base image are executed after FROM, if the image is at hand.

Why it matters: they copy and run things that stand nowhere in the file, in the directory and as the user of the base.

Example (with a base image that has a trigger):

    FROM image-with-onbuild
    RUN do-something

Use instead:

    FROM busybox
    RUN do-something
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.origins import ImageOrigin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        image, origin = stage.resolved.image, stage.resolved.stage.origin
        if image is None or not stage.resolved.triggers or not isinstance(origin, ImageOrigin):
            continue
        texts = "; ".join(" ".join(one.split()) for one in image.config.config.on_build)
        source = stage.parsed.source
        yield about(source, f"{origin.written} adds to this stage: {texts}", source.image.span)
