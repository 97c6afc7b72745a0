"""zypper must not ask during a build.

What it does: reports zypper where it would ask before it acts.

Why it matters: nobody is there to answer: it waits, gives up, or takes the default, and the step fails.

Example:

    FROM opensuse/leap
    RUN zypper install curl=8.6.0

Use instead:

    FROM opensuse/leap
    RUN zypper --non-interactive install curl=8.6.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_ASKING = ("install", "in", "remove", "rm", "source-install", "si", "patch")
_ANSWERS = ("n", "non-interactive", "y", "no-confirm")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("zypper", *_ASKING)):
        if not command.has_flag(*_ANSWERS):
            message = "zypper asks before it acts: add --non-interactive"
            fixes = insert_after(run, command.head, "--non-interactive")
            yield run.about(command, message, *fixes)
