"""What dnf downloads to choose from does not stay in the image.

What it does: reports dnf where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM fedora
    RUN dnf -y install bash-5.2.32

Use instead:

    FROM fedora
    RUN dnf -y install bash-5.2.32 && dnf clean all
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import append_command
from lithify.compiler.lint.commands.runs import removes, runs, uncleaned
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_TOOLS = ("dnf", "microdnf")
_INSTALLS = (
    "install", "in", "upgrade", "up", "upgrade-minimal", "up-min", "reinstall", "rei",
)  # fmt: skip
_FOLDER = re.compile(r"/var/cache(?:/?$|/\*|/libdnf5|/dnf|/yum|/\{)")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run in runs(ctx):
        if not run.keeps_out(ctx, "/var/cache/libdnf5", ".cache/libdnf5"):
            for tool in _TOOLS:
                yield from _left(ctx, run, tool)


def _left(ctx: LintContext, run: Executed, tool: str) -> Iterator[Diagnostic]:
    left = uncleaned(
        run,
        lambda one: one.calls(tool, *_INSTALLS),
        lambda one: (one.calls(tool, "clean") and one.has_argument("all")) or _removes(ctx, one),
    )
    if left is not None:
        message = f"What {tool} downloads stays in the layer: run {tool} clean all behind it"
        yield run.about(left, message, *append_command(run, f"{tool} clean all"))


def _removes(ctx: LintContext, command: Command) -> bool:
    if ctx.profile is Profile.HADOLINT:
        return command.calls("rm", "-rf", "/var/cache/libdnf5*")
    return removes(command, _FOLDER)
