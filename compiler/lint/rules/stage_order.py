"""A stage can use only stages that stand above it.

What it does: reports FROM with the name of a stage further down, and a mount of RUN with such a stage or the stage
itself. COPY --from has rules of its own.

Why it matters: FROM takes such a name for an image and pulls whatever a registry has under it; a mount of it fails.

Example:

    FROM base AS app
    CMD ["app"]
    FROM busybox AS base
    RUN build-base

Use instead:

    FROM busybox AS base
    RUN build-base
    FROM base AS app
    CMD ["app"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.dependencies import instruction_needs
from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.images import familiar_name
from lithify.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.dependencies import Need
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.phases import ParsedStage
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        yield from _base(ctx, stage)
        for instruction in stage.instructions:
            for need in _mounted(instruction):
                meant = _meant(ctx, need)
                if meant is None or meant.index < stage.index:
                    continue
                what = "itself" if meant is stage else f"stage {meant.label}, which stands below it"
                related = Related(meant.source.span, f"the stage {meant.label}")
                message = f"Stage {stage.label} cannot take files from {what}"
                yield about(instruction, message, need.span)._replace(related=(related,))


def _base(ctx: LintContext, stage: ParsedStage) -> Iterator[Diagnostic]:
    name = stage.source.image.text
    same = [one for one in ctx.stages if one.name and one.name == name]
    is_image = same and familiar_name(same[0].source.image.text) == name
    if same and same[0].index > stage.index and not is_image:
        message = f"{name} is pulled as an image: the stage of that name stands below"
        related = Related(same[0].source.span, f"the stage {name}")
        yield about(stage.source, message, stage.source.image.span)._replace(related=(related,))


def _mounted(instruction: Instruction) -> tuple[Need, ...]:
    try:
        return tuple(need for need in instruction_needs(instruction) if not need.is_copy)
    except SourceError:
        return ()


def _meant(ctx: LintContext, need: Need) -> ParsedStage | None:
    """The stage that a mount names: the last one of that name."""
    wanted = need.value.lower()
    return next((one for one in reversed(ctx.stages) if one.name and one.name == wanted), None)
