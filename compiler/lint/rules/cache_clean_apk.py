"""What apk downloads to choose from does not stay in the image.

What it does: reports apk where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM alpine
    RUN apk add curl=8.9.0-r0

Use instead:

    FROM alpine
    RUN apk add --no-cache curl=8.9.0-r0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("apk", "add")):
        if command.has_flag("no-cache") or run.keeps_out(ctx, "/var/cache/apk"):
            continue
        word = next(word for word in command.arguments if word.text == "add")
        message = "The package index stays in the layer: add --no-cache"
        yield run.about(command, message, *insert_after(run, word, "--no-cache"))
