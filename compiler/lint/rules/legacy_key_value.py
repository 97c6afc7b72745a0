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

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.errors import Span
from lithify.grammar.ast import Env, Label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import KeyValue

_WHOLE = re.compile(r"\"[^\"]*\"|'[^']*'")
_WORD = re.compile(r"[^\s]+")
_KEY = re.compile(r"[A-Za-z0-9_./-]+")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for instruction in ctx.dockerfile.instructions:
        if isinstance(instruction, Env | Label) and any(pair.legacy for pair in instruction.pairs):
            name = instruction.name
            pair = instruction.pairs[0]
            yield about(
                instruction,
                f'"{name} key=value" should be used instead of legacy "{name} key value" format',
                focus=Span(pair.key.span.source, pair.key.span.start, pair.value.span.end),
                fixes=tuple(_fixes(pair, ctx.dockerfile.escape)),
            )


def _fixes(pair: KeyValue, escape: str) -> Iterator[Fix]:
    """Quotes only where needed; what is quoted in part, or over several lines, is left to people."""
    key, value = pair.key, pair.value
    is_special = any(one in value.text for one in (escape, '"', "'"))
    if _WHOLE.fullmatch(value.text) and escape not in value.text:
        is_special = False
        text = value.text
    else:
        text = value.text if _WORD.fullmatch(value.text) else f'"{value.text}"'
    is_simple = _KEY.fullmatch(key.text) and "\n" not in value.span.text
    if is_simple and not is_special:
        place = Span(key.span.source, key.span.end, value.span.end)
        yield Fix("Write KEY=value", (Edit(place, f"={text}"),))
