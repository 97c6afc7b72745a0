"""One program for downloads is enough.

What it does: reports RUN instructions that call curl or wget in a stage that calls both.

Why it matters: they do the same: each is another package to install, to keep up to date and to configure.

Example:

    FROM debian
    RUN curl -o /a https://files.example.org/a
    RUN wget -q https://files.example.org/b

Use instead:

    FROM debian
    RUN curl -o /a https://files.example.org/a
    RUN curl -o /b https://files.example.org/b
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import section_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_TOOLS = ("curl", "wget")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        used: set[str] = set()
        for run in section_runs(ctx, section):
            calls = [command for command in run.commands if command.name in _TOOLS]
            used.update(command.name for command in calls)
            if calls and len(used) == len(_TOOLS):
                message = "The stage calls both curl and wget: one of them is enough"
                yield run.about(calls[-1].head, message)
