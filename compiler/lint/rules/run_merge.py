"""Small RUN instructions in a row are one.

What it does: reports a RUN behind another one with the same flags, where each holds one command.

Why it matters: each makes a layer; one RUN makes one, and files that it removes are gone for good.

Example:

    FROM busybox
    RUN mkdir /srv/a
    RUN chmod 700 /srv/a

Use instead:

    FROM busybox
    RUN mkdir /srv/a && chmod 700 /srv/a
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import plain_end
from lithify.compiler.lint.commands.runs import executed
from lithify.compiler.lint.context import Edit, Fix, about
from lithify.errors import Span
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_MOST_COMMANDS = 1


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        for before, after in pairwise(section.instructions):
            if not isinstance(before, Run) or not isinstance(after, Run):
                continue
            if _flags(before) == _flags(after) and _is_small(ctx, before) and _is_small(ctx, after):
                message = "This RUN and the one before it can be one"
                fixes = tuple(_fix(ctx, before, after))
                found = about(after, message, after.keyword.span)
                yield found._replace(fixes=fixes)


def _flags(run: Run) -> list[tuple[str, str | None]]:
    return [(flag.name, flag.value) for flag in run.flags]


def _is_small(ctx: LintContext, instruction: Run) -> bool:
    script = ctx.script(instruction)
    return script is None or len(script.commands) <= _MOST_COMMANDS


def _fix(ctx: LintContext, before: Run, after: Run) -> Iterator[Fix]:
    """Join them by `&&`. Not safe: what the first sets for itself then holds for the second."""
    first, second = executed(ctx, before), executed(ctx, after)
    if first is None or second is None or before.heredocs or after.heredocs:
        return
    end, rest = plain_end(first), plain_end(second)
    if end is None or rest is None:
        return
    start = second.script.span_of(0, 1).start
    gap = Span(end.source, end.end, start)
    if gap.text.strip() == after.span.source.text[after.span.start : start].strip():
        edit = Edit(gap, f" {ctx.dockerfile.escape}\n && ")
        yield Fix("Join it with the RUN before", (edit,), is_safe=False)
