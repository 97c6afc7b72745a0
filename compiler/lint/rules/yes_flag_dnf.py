"""dnf must not ask during a build.

What it does: reports dnf where it would ask before it acts.

Why it matters: nobody is there to answer: it waits, gives up, or takes the default, and the step fails.

Example:

    FROM rockylinux
    RUN dnf install bash-5.1.8

Use instead:

    FROM rockylinux
    RUN dnf install -y bash-5.1.8
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_INSTALLS = ("install", "groupinstall", "localinstall")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, _asks):
        word = next(word for word in command.arguments if word.text in _INSTALLS)
        message = f"{command.name} {word.text} asks before it installs: add -y"
        yield run.about(command, message, *insert_after(run, word, "-y"))


def _asks(command: Command) -> bool:
    is_install = command.name in ("dnf", "microdnf") and command.has_argument(*_INSTALLS)
    return is_install and not command.has_flag("y", "assumeyes")
