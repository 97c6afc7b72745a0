"""A stage should not have the name of the image that a later FROM seems to mean.

What it does: reports `FROM python` if an earlier stage is called python and is itself made from an image python.

Why it matters: FROM prefers the stage. Whoever means the image gets everything that the stage has added.

Example:

    FROM python:3.13 AS python
    RUN make-tools
    FROM python
    CMD ["python3"]

Use instead:

    FROM python:3.13 AS tools
    RUN make-tools
    FROM python:3.13
    CMD ["python3"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.images import familiar_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.phases import ParsedStage


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    named: dict[str, ParsedStage] = {}
    for stage in ctx.stages:
        written = stage.source.image
        meant = named.get(written.text)
        if meant is not None and familiar_name(meant.source.image.text) == written.text:
            message = (
                f"{written.text} is the stage, not the image of that name: give the stage another "
                "name, or the image a tag"
            )
            related = Related(meant.source.span, f"the stage {meant.name}")
            yield about(stage.source, message, written.span)._replace(related=(related,))
        if stage.name:
            named[stage.name] = stage
