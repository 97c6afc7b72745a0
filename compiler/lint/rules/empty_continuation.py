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

from lithify.compiler.lint.context import Diagnostic, Edit, Fix
from lithify.errors import Span
from lithify.grammar.source import WHITE_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    by_start = {one.span.start: one for one in ctx.dockerfile.instructions}
    for span in ctx.dockerfile.empty_continuations:
        last = Span(span.source, _start_of_last_line(span), span.end)
        instruction = by_start.get(span.start)
        blank = tuple(_blank_lines(span, instruction))
        fixes = (Fix("Remove the empty lines", tuple(Edit(one, "") for one in blank)),)
        focus = blank[0] if blank else None
        message = "Empty continuation line"
        yield Diagnostic(message, last, instruction, fixes if blank else (), focus=focus)


def _blank_lines(span: Span, instruction: Instruction | None) -> Iterator[Span]:
    """The empty lines before any body of a heredoc, each with its line's end."""
    heredocs = instruction.heredocs if instruction is not None else ()
    end = min((one.body_span.start for one in heredocs), default=span.end)
    at = span.start
    for line in span.source.text[at:end].splitlines(keepends=True):
        if not line.strip(WHITE_SPACE):
            yield Span(span.source, at, at + len(line))
        at += len(line)


def _start_of_last_line(span: Span) -> int:
    return max(span.start, span.source.text.rfind("\n", span.start, span.end - 1) + 1)
