"""Packages installed with go have a version.

What it does: reports packages that go installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM golang
    RUN go install example.org/tool@latest

Use instead:

    FROM golang
    RUN go install example.org/tool@v1.2.3
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import commands, valued
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command, ShellWord

_SUBCOMMANDS = ("install", "get", "run")
_MOVING = ("@latest", "@none")
#: Options that take a value of their own.
_VALUED = (
    "o", "C", "p", "asmflags", "buildmode", "compiler", "gccgoflags", "gcflags", "installsuffix",
    "ldflags", "mod", "modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec", "exec",
)  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("go", *_SUBCOMMANDS)):
        words = _words(ctx, command)
        if not words or words[0].text not in _SUBCOMMANDS:
            continue
        # What stands behind the program is for the program.
        packages = words[1:2] if words[0].text == "run" else words[1:]
        yield from unpinned(
            run, [word for word in packages if not _is_pinned(ctx, word)], "path@version"
        )


def _words(ctx: LintContext, command: Command) -> list[ShellWord]:
    """Words besides options; go writes long options with one dash too."""
    taking = valued(ctx, (), _VALUED)
    found: list[ShellWord] = []
    is_value = False
    for word in command.arguments:
        if is_value:
            is_value = False
        elif word.is_flag:
            is_value = word.text.lstrip("-") in taking
        else:
            found.append(word)
    return found


def _is_pinned(ctx: LintContext, word: ShellWord) -> bool:
    """A version is named, or a folder or file of the build."""
    text = word.text
    if text == "." or text.startswith(("/", "./", "../")):
        return True
    if text.endswith(".go") and ctx.profile is not Profile.HADOLINT:
        return True
    return "@" in text and not text.endswith(_MOVING)
