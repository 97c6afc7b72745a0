"""ENV and LABEL should be written as KEY=value.

What it does: reports the form that separates key and value by a blank.

Why it matters: everything after the blank is the value, equals signs included, which surprises; and one line sets one key.

Example:

    FROM busybox
    ENV MODE fast

Use instead:

    FROM busybox
    ENV MODE=fast
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Env, Label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for instruction in ctx.dockerfile.instructions:
        if isinstance(instruction, Env | Label) and any(pair.legacy for pair in instruction.pairs):
            name = instruction.name
            yield about(
                instruction,
                f'"{name} key=value" should be used instead of legacy "{name} key value" format',
            )
