"""Only what is asked for is installed.

What it does: reports apt-get install without --no-install-recommends.

Why it matters: recommended packages make images several times as large, and bring along what nobody looks after.

Example:

    FROM debian
    RUN apt-get install -y curl=7.88.1

Use instead:

    FROM debian
    RUN apt-get install -y --no-install-recommends curl=7.88.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_FLAG = "--no-install-recommends"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("apt-get", "install")):
        is_off = command.has_flag("no-install-recommends")
        if is_off or command.has_argument("APT::Install-Recommends=false"):
            continue
        word = next(word for word in command.arguments if word.text == "install")
        # What was only recommended may be needed after all.
        fixes = insert_after(run, word, _FLAG, is_safe=False)
        yield run.about(command, f"apt-get also installs what is recommended: add {_FLAG}", *fixes)
