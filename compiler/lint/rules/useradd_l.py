"""A user with a high number is added without login records.

What it does: reports useradd with a number of more than five digits and without -l.

Why it matters: the records are indexed by number: the files have holes of gigabytes, which layers may store in full.

Example:

    FROM debian
    RUN useradd -u 1234567 app

Use instead:

    FROM debian
    RUN useradd -l -u 1234567 app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_MOST_DIGITS = 5


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    is_hadolint = ctx.profile is Profile.HADOLINT
    for run, command in commands(ctx, lambda one: one.name == "useradd"):
        number = _number(command, is_hadolint)
        if len(number) > _MOST_DIGITS and not command.has_flag("l", "no-log-init"):
            message = f"Login records are made for all numbers up to {number}: add -l"
            yield run.about(command, message, *insert_after(run, command.head, "-l"))


def _number(command: Command, is_hadolint: bool) -> str:
    """The value of the option that gives the number; hadolint knows one way to write it."""
    following = (*(word.text for word in command.arguments[1:]), "")
    for word, value in zip(command.arguments, following, strict=False):
        text = word.text
        if text == "--uid" and not is_hadolint:
            return value
        if text.startswith("--uid=") and not is_hadolint:
            return text.partition("=")[2]
        if word.is_flag and not text.startswith("--") and "u" in text:
            attached = text.partition("u")[2]
            return value if is_hadolint or not attached else attached
    return ""
