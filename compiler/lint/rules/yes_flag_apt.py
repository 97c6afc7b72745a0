"""apt-get must not ask during a build.

What it does: reports apt-get where it would ask before it acts.

Why it matters: nobody is there to answer: it waits, gives up, or takes the default, and the step fails.

Example:

    FROM debian
    RUN apt-get install curl=7.88.1

Use instead:

    FROM debian
    RUN apt-get install -y curl=7.88.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("apt-get", "install")):
        if not _is_answered(command):
            word = next(word for word in command.arguments if word.text == "install")
            message = "apt-get install asks before it installs: add -y"
            yield run.about(command, message, *insert_after(run, word, "-y"))


def _is_answered(command: Command) -> bool:
    """Whether it is told yes; to be twice quiet means yes too."""
    if command.has_flag("y", "yes", "qq", "assume-yes") or command.has_argument("-q=2"):
        return True
    quiet = [flag for flag in command.flags if flag.name in ("q", "quiet")]
    return len(quiet) > 1
