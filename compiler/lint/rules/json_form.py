"""CMD and ENTRYPOINT should be JSON arrays.

What it does: reports a CMD or ENTRYPOINT in shell form, unless a SHELL was chosen on purpose.

Why it matters: a shell in between becomes process 1, gets the signals and does not pass them on.

Example:

    FROM busybox
    CMD httpd -f

Use instead:

    FROM busybox
    CMD ["httpd", "-f"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Cmd, Entrypoint, Shell, ShellForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        has_shell = stage.image is not None and bool(stage.image.config.config.shell)
        has_shell |= any(isinstance(line.instruction, Shell) for line in stage.inherited_lines())
        for line in stage.lines:
            instruction = line.instruction
            has_shell |= isinstance(instruction, Shell)
            if has_shell or not isinstance(instruction, Cmd | Entrypoint):
                continue
            if isinstance(instruction.command, ShellForm):
                yield about(
                    instruction,
                    f"JSON arguments recommended for {instruction.name} to prevent unintended "
                    "behavior related to OS signals",
                )
