"""Packages installed with gem have a version.

What it does: reports packages that gem installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM ruby
    RUN gem install rails

Use instead:

    FROM ruby
    RUN gem install rails:7.1.3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import behind, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command, ShellWord

_INSTALLS = ("install", "i")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("gem", *_INSTALLS)):
        if not command.has_flag("v", "version"):
            words = behind(_gems(command), *_INSTALLS)
            yield from unpinned(
                run, [word for word in words if ":" not in word.text], "name:version"
            )


def _gems(command: Command) -> list[ShellWord]:
    """The words up to `--`, behind which are options for what gem compiles; a short option may take the next one."""
    found: list[ShellWord] = []
    words = iter(command.arguments)
    for word in words:
        if word.text == "--":
            break
        if not word.is_flag:
            found.append(word)
        elif not word.text.startswith("--"):
            next(words, None)
    return found
