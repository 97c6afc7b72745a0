"""Owns a stage told from its beginning: every instruction since the base image, with the directory and user there.

Rules about what ends up in an image must look at all ancestors of its stage, and must not guess: where the base is not
at hand, its directory and its user are unknown, and say so. It refuses triggers, which stand in no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.once import once
from lithify.compiler.offline import is_at_hand
from lithify.compiler.origins import EmptyOrigin
from lithify.compiler.paths import absolute_path
from lithify.grammar.ast import User, Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.survey import Line, SurveyedStage
    from lithify.grammar.ast import Instruction


class Place(NamedTuple):
    """An instruction where it is executed. `workdir` and `user` hold before it; None if unknown, '' is the default."""

    stage: SurveyedStage
    line: Line
    workdir: str | None
    user: str | None

    @property
    def instruction(self) -> Instruction:
        return self.line.instruction

    def absolute(self, path: str) -> str | None:
        """The clean absolute path that a path means here; None if that depends on the base, or is computed."""
        if "$" in path or "`" in path or path.startswith("~"):
            return None
        if path.startswith("/"):
            return absolute_path(path)
        return None if self.workdir is None else absolute_path(path, self.workdir)


@once(keeping=64)
def story(stage: SurveyedStage) -> tuple[Place, ...]:
    """All that is executed from the base image to the end of a stage, in order."""
    return tuple(_story(stage))


def _story(stage: SurveyedStage) -> Iterator[Place]:
    chain = ancestry(stage)
    workdir, user = _start(chain[0])
    for one in chain:
        for line in one.lines:
            place = Place(one, line, workdir, user)
            yield place
            if isinstance(line.instruction, Workdir):
                workdir = place.absolute(line.value(line.instruction.path.text))
            elif isinstance(line.instruction, User):
                user = line.value(line.instruction.user.text)


def _start(oldest: SurveyedStage) -> tuple[str | None, str | None]:
    if is_scratch(oldest):
        return "/", ""
    image = image_at_hand(oldest)
    if image is None:
        return None, None
    config = image.config.config
    return absolute_path(config.working_dir or "/"), config.user


def ancestry(stage: SurveyedStage) -> tuple[SurveyedStage, ...]:
    """A stage and those it is built on, the oldest first."""
    older = () if stage.parent is None else ancestry(stage.parent)
    return (*older, stage)


def is_scratch(stage: SurveyedStage) -> bool:
    """Whether a stage, or the oldest of its ancestors, starts empty."""
    return isinstance(ancestry(stage)[0].resolved.stage.origin, EmptyOrigin)


def image_at_hand(stage: SurveyedStage) -> ResolvedImage | None:
    """The base image of a stage and its ancestors if it is really known."""
    image = stage.image
    return image if image is not None and is_at_hand(image) else None


def target_stage(ctx: LintContext) -> SurveyedStage | None:
    """The stage that is built if nothing else is asked for; None if planning did not get there."""
    wanted = ctx.options.target.lower()
    names = [one.index for one in ctx.stages if wanted and one.name == wanted]
    index = names[-1] if names else len(ctx.stages) - 1
    return next((one for one in ctx.reached if one.parsed.index == index), None)


def shipped(ctx: LintContext) -> tuple[Place, ...]:
    """What is executed in the image that results: instructions of builders are not among it."""
    stage = target_stage(ctx)
    return story(stage) if stage is not None else ()


@once(keeping=1)
def every_place(ctx: LintContext) -> tuple[Place, ...]:
    """Every instruction of every reached stage once, in file order."""
    return tuple(place for stage in ctx.reached for place in story(stage) if place.stage is stage)
