"""Stages should be referred to by name.

What it does: reports `COPY --from=0` and other numbers of stages.

Why it matters: a stage that is put before it shifts all numbers, and the copy silently takes from another stage.

Example:

    FROM busybox
    RUN build /app
    FROM scratch
    COPY --from=0 /app /app

Use instead:

    FROM busybox AS build
    RUN build /app
    FROM scratch
    COPY --from=build /app /app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, Related, about
from lithify.compiler.origins import numbered_origin
from lithify.errors import SourceError, Span
from lithify.grammar.ast import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Flag, Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    uses = list(_uses(ctx))
    for instruction, flag, index in uses:
        stage = ctx.stages[index]
        name = stage.name or _free_name(ctx, index)
        edits = [Edit(other.span, f"--from={name}") for _, other, number in uses if number == index]
        if not stage.name:
            end = stage.source.image.span.end
            edits.insert(0, Edit(Span(stage.source.span.source, end, end), f" AS {name}"))
        fix = Fix(f"Call the stage {name}", tuple(edits))
        related = Related(stage.source.span, f"this is stage {index}")
        message = f"Refer to stage {index} by a name, such as {name}"
        yield about(instruction, message, flag.span)._replace(fixes=(fix,), related=(related,))


def _uses(ctx: LintContext) -> Iterator[tuple[Instruction, Flag, int]]:
    for stage in ctx.stages:
        for instruction in stage.instructions:
            flag = instruction.flag("from")
            if not isinstance(instruction, Copy) or flag is None or not flag.value:
                continue
            try:
                origin = numbered_origin(flag.value, len(ctx.stages), flag.span)
            except SourceError:
                continue
            if origin is not None:
                yield instruction, flag, origin.index


def _free_name(ctx: LintContext, index: int) -> str:
    """A name that no stage and no base image has."""
    taken = {stage.name for stage in ctx.stages}
    taken |= {stage.source.image.text for stage in ctx.stages}
    return "build" if "build" not in taken and index == 0 else f"build-{index}"
