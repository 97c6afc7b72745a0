"""What yarn downloads to choose from does not stay in the image.

What it does: reports yarn where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM node
    RUN yarn install

Use instead:

    FROM node
    RUN yarn install && yarn cache clean
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import append_command
from lithify.compiler.lint.commands.runs import section_runs, uncleaned
from lithify.compiler.lint.commands.stages import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in shipped(ctx):
        for run in section_runs(ctx, section):
            left = uncleaned(
                run,
                lambda one: one.calls("yarn", "install"),
                lambda one: one.calls("yarn", "clean") and one.has_argument("cache"),
            )
            if left is not None and not run.keeps_out(ctx, ".cache/yarn"):
                message = "What yarn downloads stays in the layer: run yarn cache clean behind it"
                yield run.about(left, message, *append_command(run, "yarn cache clean"))
