"""A build needs no sudo.

What it does: reports sudo in RUN.

Why it matters: a build runs as root unless USER says otherwise; sudo changes variables and signals, and stays in the image.

Example:

    FROM debian
    RUN sudo touch /etc/marker

Use instead:

    FROM debian
    RUN touch /etc/marker
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import remove_word
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, Fix, LintContext
    from lithify.compiler.shell.model import Command


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.name == "sudo"):
        message = "sudo is not needed in a build: set USER where another user is wanted"
        yield run.about(command.head, message, *_removal(run, command))


def _removal(run: Executed, command: Command) -> list[Fix]:
    """Without options, sudo is one word too many."""
    following = command.arguments[0] if command.arguments else None
    if following is None or following.is_flag or "=" in following.text:
        return []
    return remove_word(run, command.head, following)
