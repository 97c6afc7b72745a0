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

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


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
            )


def _has_root(path: str) -> bool:
    """Whether a path of Windows starts at a drive's root or at that of the current one."""
    return path.startswith("\\") or path[1:3] in (":\\", ":/")
