"""CMD, ENTRYPOINT and HEALTHCHECK should be JSON arrays.

What it does: reports those that are given as text for a shell.
It is a rule of the hadolint profile; otherwise `json-form` speaks of it, with the verdict of the builder.

Why it matters: the shell stands between the program and signals, and the image must have one.

Example:

    FROM busybox:1.36
    CMD httpd -f

Use instead:

    FROM busybox:1.36
    CMD ["httpd", "-f"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Cmd, Entrypoint, Healthcheck, ShellForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if not isinstance(one, Cmd | Entrypoint | Healthcheck):
            continue
        if isinstance(one.command, ShellForm):
            yield about(one, f"{one.name} should be a JSON array", one.command.span)
