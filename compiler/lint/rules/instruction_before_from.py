"""A file should begin with FROM.

What it does: reports every instruction other than ARG that stands before the first FROM.

Why it matters: there is nothing yet that it could change, and the build fails.

Example:

    RUN make
    FROM busybox:1.36

Use instead:

    FROM busybox:1.36
    RUN make
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Arg, From

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in takewhile(_is_no_from, ctx.dockerfile.instructions):
        if not isinstance(one, Arg):
            message = f"{one.name} stands before the first FROM, where only ARG may"
            yield about(one, message, one.keyword.span)


def _is_no_from(instruction: Instruction) -> bool:
    return not isinstance(instruction, From)
