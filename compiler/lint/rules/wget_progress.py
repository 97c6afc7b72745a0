"""A download says little in a log.

What it does: reports wget with its progress bar.

Why it matters: where there is no terminal the bar is a line for every 50 kB: a large file fills the log.

Example:

    FROM debian
    RUN wget https://files.example.org/tool

Use instead:

    FROM debian
    RUN wget --progress=dot:giga https://files.example.org/tool
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.runs import section_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_QUIET = (
    "progress", "q", "quiet", "o", "output-file", "a", "append-output", "no-verbose",
)  # fmt: skip
_DOTS = "--progress=dot:giga"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        is_gnu = False
        for run in section_runs(ctx, section):
            for command in run.commands:
                is_gnu |= command.has_argument("install", "add") and command.has_argument("wget")
                if command.name == "wget" and not _is_quiet(command):
                    # The wget of busybox does not know the option.
                    fixes = insert_after(run, command.head, _DOTS, is_safe=is_gnu)
                    yield run.about(command, f"wget fills the log: add {_DOTS} or -nv", *fixes)


def _is_quiet(command: Command) -> bool:
    return command.has_flag(*_QUIET) or any(
        word.text.startswith("-nv") for word in command.arguments
    )
