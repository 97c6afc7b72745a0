"""What is made inside a mount is not in the image.

What it does: reports COPY --from of a path below a cache, tmpfs or secret mount of a RUN in that stage, if nothing
without the mount makes it.

Why it matters: a mount is gone after its RUN: the copy fails, or takes an older file that lies below it.

Example:

    FROM rust:1.90 AS build
    WORKDIR /src
    COPY . .
    RUN --mount=type=cache,target=/src/target cargo build --release
    FROM debian:13
    COPY --from=build /src/target/release/app /usr/bin/app

Use instead:

    FROM rust:1.90 AS build
    WORKDIR /src
    COPY . .
    RUN --mount=type=cache,target=/src/target cargo build --release && cp target/release/app /usr/bin/app
    FROM debian:13
    COPY --from=build /usr/bin/app /usr/bin/app
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.copies import is_below, stage_sources, tops
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.scripts import mentions, program, steps
from lithify.compiler.lint.insight.stages import source_stage
from lithify.compiler.lint.insight.story import story
from lithify.compiler.paths import absolute_path
from lithify.grammar.ast import CopyLike, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.mounts import Mounted
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.survey import SurveyedStage

_LOST = frozenset(("cache", "tmpfs", "secret"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        stage = source_stage(ctx, line)
        if stage is None:
            continue
        for source in stage_sources(line):
            path = absolute_path(source.value)
            covering = _covering(stage, path)
            if covering is None or _may_be_made(ctx, stage, path, covering):
                continue
            mount = covering[1]
            message = (
                f"{path} is made inside a {mount.fields.kind} mount, which is not in the stage"
            )
            related = Related(mount.flag.span, "the mount")
            finding = about(line.instruction, message, source.word.span)
            yield finding._replace(related=(related,))


def _covering(stage: SurveyedStage, path: str) -> tuple[Place, Mounted] | None:
    """The last RUN with a mount over a path."""
    for place in reversed(story(stage)):
        for one in mounts(place):
            if one.fields.kind in _LOST and one.target and is_below(path, one.target):
                return place, one
    return None


def _may_be_made(
    ctx: LintContext, stage: SurveyedStage, path: str, covering: tuple[Place, Mounted]
) -> bool:
    """Whether anything that does not see the mount may make the path."""
    target = covering[1].target
    programs = {program(one) for step in steps(ctx, (covering[0],)) for one in step.commands}
    for place in story(stage):
        if isinstance(place.instruction, CopyLike):
            found = tops(place, ctx)
            if found is None or any(is_below(path, one) and is_below(one, target) for one in found):
                return True
        elif isinstance(place.instruction, Run):
            if any(one.target and is_below(path, one.target) for one in mounts(place)):
                continue
            step = next(steps(ctx, (place,)), None)
            names = {program(one) for one in step.commands} if step is not None else programs
            is_same = bool(names & (programs - {"cd", "mkdir", "set", "echo", "rm"}))
            if is_same or mentions(place.instruction.rest, posixpath.basename(target)):
                return True
    return False
