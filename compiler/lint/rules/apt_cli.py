"""Scripts call apt-get, not apt.

What it does: reports the command apt.

Why it matters: apt is made for people: its options and output may change with any release, and it warns of that itself.

Example:

    FROM debian
    RUN apt install -y curl=7.88.1

Use instead:

    FROM debian
    RUN apt-get install -y curl=7.88.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import replace_word
from lithify.compiler.lint.commands.runs import commands, operands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


#: Subcommands that mean the same to both.
_SHARED = frozenset(
    ("install", "remove", "purge", "update", "upgrade", "autoremove", "autoclean", "clean",
     "download", "source", "build-dep", "reinstall")
)  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.name == "apt"):
        message = "apt has no stable command line: use apt-get or apt-cache"
        words = operands(command, frozenset(("o", "t", "c")))
        is_shared = bool(words) and words[0].text in _SHARED
        fixes = replace_word(run, command.head, "apt-get") if is_shared else []
        yield run.about(command.head, message, *fixes)
