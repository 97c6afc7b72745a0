"""The first WORKDIR of a stage should be absolute.

What it does: reports a relative WORKDIR if none stands before it in the stage and those it is built on.

Why it matters: it starts from the working directory of the base image, which may change with any update.

Example:

    FROM busybox
    WORKDIR app

Use instead:

    FROM busybox
    WORKDIR /srv/app
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.origins import EmptyOrigin
from lithify.compiler.paths import absolute_path
from lithify.grammar.ast import Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import SurveyedStage

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        if any(isinstance(line.instruction, Workdir) for line in stage.inherited_lines()):
            continue
        first = next((line for line in stage.lines if isinstance(line.instruction, Workdir)), None)
        if first is None or not isinstance(first.instruction, Workdir):
            continue
        path = first.value(first.instruction.path.text)
        is_windows = stage.resolved.stage.platform.os == "windows"
        if not path.startswith("/") and not (is_windows and _has_root(path)):
            yield about(
                first.instruction,
                f'Relative workdir "{path}" can have unexpected results if the base image changes',
                focus=first.instruction.path.span,
                fixes=() if is_windows else tuple(_fixes(stage, first.instruction)),
            )


def _fixes(stage: SurveyedStage, instruction: Workdir) -> Iterator[Fix]:
    """The whole path, if it is plain and it is known where the base starts."""
    word, start = instruction.path, _start(stage)
    if start is not None and _PLAIN.fullmatch(word.span.text):
        path = absolute_path(word.text, start)
        yield Fix(f"Write {path}", (Edit(word.span, path),))


def _start(stage: SurveyedStage) -> str | None:
    """The working directory of the base; None if nothing is known of it."""
    while stage.parent is not None:
        stage = stage.parent
    if isinstance(stage.resolved.stage.origin, EmptyOrigin):
        return "/"
    image = stage.image
    if image is None or not image.manifest.media_type:
        return None
    written = image.config.config.working_dir
    return written if written.startswith("/") else f"/{written}"


def _has_root(path: str) -> bool:
    """Whether a path of Windows starts at a drive's root or at that of the current one."""
    return path.startswith("\\") or path[1:3] in (":\\", ":/")
