"""Owns which stage a COPY --from means, among those that were reached. It refuses images.

Specification: section 4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.dependencies import Sources, instruction_needs
from lithify.compiler.origins import StageOrigin
from lithify.errors import SourceError
from lithify.grammar.ast import Copy

if TYPE_CHECKING:
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.survey import Line, SurveyedStage


def source_stage(ctx: LintContext, line: Line) -> SurveyedStage | None:
    """The stage that a COPY takes from; None if it takes from something else, or that cannot be told."""
    if not isinstance(line.instruction, Copy) or not ctx.reached:
        return None
    names = tuple(stage.name for stage in ctx.stages)
    sources = Sources(names, ctx.reached[0].resolved.stage.platform, ctx.options)
    try:
        origins = [sources.origin(need) for need in instruction_needs(line.instruction)]
    except SourceError:
        return None
    if not origins or not isinstance(origins[0], StageOrigin):
        return None
    index = origins[0].index
    stage = next((one for one in ctx.reached if one.parsed.index == index), None)
    return None if stage is None or stage.resolved.stage.is_replaced else stage
