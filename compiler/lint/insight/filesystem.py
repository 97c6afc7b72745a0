"""Owns the question whether a path can exist in a stage: what the base has, and what instructions before may have made.

It answers "no" only where nothing is left to doubt, because a rule that is wrong is worse than one that is silent: any
RUN may have made anything. It refuses to simulate more than names.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.insight.copies import brought, destination, is_below
from lithify.compiler.lint.insight.images import image_has
from lithify.compiler.lint.insight.story import ancestry, is_scratch, story
from lithify.grammar.ast import CopyLike, Run, Workdir

if TYPE_CHECKING:
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.survey import SurveyedStage
    from lithify.grammar.ast import Instruction


def can_exist(
    ctx: LintContext, stage: SurveyedStage, path: str, until: Instruction | None = None
) -> bool:
    """Whether an absolute path may be in a stage before `until`, or at its end."""
    if not is_scratch(stage) and image_has(ctx, stage, path) is not False:
        return True
    if any(one.resolved.triggers for one in ancestry(stage)):
        return True
    for place in story(stage):
        if place.instruction is until:
            break
        if can_make(ctx, place, path):
            return True
    return False


def can_make(ctx: LintContext, place: Place, path: str) -> bool:
    """Whether an instruction may bring a path into its stage."""
    instruction = place.instruction
    if isinstance(instruction, Run):
        return True
    if isinstance(instruction, Workdir):
        made = place.absolute(place.line.value(instruction.path.text))
        return made is None or is_below(made, path)
    if isinstance(instruction, CopyLike):
        return _can_copy(ctx, place, path)
    return False


def _can_copy(ctx: LintContext, place: Place, path: str) -> bool:
    target = destination(place)
    if target is None or is_below(target.rstrip("/") or "/", path):
        return True
    files = brought(place, ctx)
    if files is None:
        return is_below(path, target)
    # A link that is copied, or that a parent is, may lead anywhere below it.
    return any(is_below(one, path) or is_below(path, one) for one in files)


def on_path(ctx: LintContext, place: Place, name: str) -> bool:
    """Whether a program can be found before an instruction: by its path, or in a directory of PATH."""
    stage, until = place.stage, place.instruction
    if "/" in name:
        path = place.absolute(name)
        return path is None or can_exist(ctx, stage, path, until)
    folders = place.line.variables.get("PATH", "").split(":")
    if not all(folder.startswith("/") for folder in folders):
        return True
    return any(can_exist(ctx, stage, posixpath.join(one, name), until) for one in folders)
