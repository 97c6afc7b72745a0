"""What zypper downloads to choose from does not stay in the image.

What it does: reports zypper where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM opensuse/leap
    RUN zypper -n install curl=8.6.0

Use instead:

    FROM opensuse/leap
    RUN zypper -n install curl=8.6.0 && zypper clean --all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import append_command
from lithify.compiler.lint.commands.runs import runs, uncleaned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run in runs(ctx):
        left = uncleaned(
            run,
            lambda one: one.calls("zypper", "install", "in"),
            lambda one: one.calls("zypper", "clean", "cc"),
        )
        if left is not None and not run.keeps_out(ctx, "/var/cache/zypp"):
            message = "What zypper downloads stays in the layer: run zypper clean behind it"
            yield run.about(left, message, *append_command(run, "zypper clean --all"))
