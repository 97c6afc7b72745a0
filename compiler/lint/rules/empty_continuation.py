r"""A continued instruction should hold no empty line.

What it does: reports, at its last line, an instruction that goes on behind an empty line.

Why it matters: whoever reads the empty line takes the instruction to be over; builders may come to agree.

Example:

    RUN make && \

        make install

Use instead:

    RUN make && \
        make install
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    by_start = {one.span.start: one for one in ctx.dockerfile.instructions}
    for span in ctx.dockerfile.empty_continuations:
        last = Span(span.source, _start_of_last_line(span), span.end)
        yield Diagnostic("Empty continuation line", last, by_start.get(span.start))


def _start_of_last_line(span: Span) -> int:
    return max(span.start, span.source.text.rfind("\n", span.start, span.end - 1) + 1)
