"""A stage should have at most one CMD, one ENTRYPOINT and one HEALTHCHECK.

What it does: reports each of them that a later one of the same stage overrides.

Why it matters: only the last one counts; the others look as if they did something.

Example:

    FROM busybox
    CMD ["prepare"]
    CMD ["serve"]

Use instead:

    FROM busybox
    RUN prepare
    CMD ["serve"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, about
from lithify.compiler.lint.edits import removed
from lithify.grammar.ast import Cmd, Entrypoint, Healthcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        latest: dict[str, Instruction] = {}
        for line in stage.lines:
            instruction = line.instruction
            if not isinstance(instruction, Cmd | Entrypoint | Healthcheck):
                continue
            name = instruction.name
            if name in latest:
                yield about(
                    latest[name],
                    f"Multiple {name} instructions should not be used in the same stage because "
                    "only the last one will be used",
                    focus=latest[name].keyword.span,
                    fixes=(Fix("Remove it", (removed(latest[name]),)),),
                    tags=("unnecessary",),
                )
            latest[name] = instruction
