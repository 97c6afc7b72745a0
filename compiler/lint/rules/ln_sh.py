"""The shell of a build is chosen by SHELL.

What it does: reports a link that takes the place of /bin/sh.

Why it matters: every script of the image gets another shell than its author meant; SHELL changes only what the file runs.

Example:

    FROM debian
    RUN ln -sf /bin/bash /bin/sh

Use instead:

    FROM debian
    SHELL ["/bin/bash", "-c"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("ln", "/bin/sh")):
        yield run.about(command, "A link replaces /bin/sh for the whole image: use SHELL")
