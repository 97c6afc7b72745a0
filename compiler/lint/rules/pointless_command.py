"""A build has no use for commands that manage a running machine.

What it does: reports free, kill, mount, ps, service, shutdown, ssh, top and vim where they are run.

Why it matters: nothing that they start or change outlives the step, and a terminal is not there.

Example:

    FROM busybox
    RUN service nginx start

Use instead:

    FROM busybox
    CMD ["nginx", "-g", "daemon off;"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_NAMES = frozenset(("free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.name in _NAMES):
        message = f"{command.name} has no lasting effect in a build"
        yield run.about(command.head, message)
