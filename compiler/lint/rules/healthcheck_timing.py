"""The times of a HEALTHCHECK should fit together.

What it does: reports --start-interval without --start-period, and one that is as long as the --start-period or longer.

Why it matters: the option has no effect, so that the container is looked at less often than was meant.

Example:

    FROM busybox
    HEALTHCHECK --start-interval=2s CMD ["check"]

Use instead:

    FROM busybox
    HEALTHCHECK --start-period=60s --start-interval=2s CMD ["check"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lower.healthcheck import read_healthcheck
from lithify.errors import SourceError
from lithify.grammar.ast import Healthcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        instruction = line.instruction
        if not isinstance(instruction, Healthcheck) or instruction.command is None:
            continue
        faster = instruction.flag("start-interval")
        if faster is None:
            continue
        try:
            read = read_healthcheck(instruction)
        except SourceError:
            continue
        if not read.start_period:
            message = "--start-interval has no effect without --start-period"
            yield about(instruction, message, faster.span)
        elif 0 < read.start_period <= read.start_interval:
            message = "--start-interval is not shorter than --start-period: it never applies"
            yield about(instruction, message, faster.span)
