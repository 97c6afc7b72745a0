"""COPY of several files should go to a directory.

What it does: reports a COPY with two or more sources whose destination does not end with a slash.

Why it matters: the builder refuses it, for it cannot know whether a file or a directory is meant.

Example:

    FROM busybox:1.36
    COPY a.conf b.conf /etc/app

Use instead:

    FROM busybox:1.36
    COPY a.conf b.conf /etc/app/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.family import unquoted
from lithify.errors import Span
from lithify.grammar.ast import Copy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if not isinstance(one, Copy) or len(one.sources) < 2:
            continue
        target = one.destination.text if one.json else unquoted(one.destination.text)
        if target.endswith("/") or (not is_exact(ctx) and _ends_in_variable(target)):
            continue
        message = f"The destination of several sources should end with a slash: '{target}/'"
        is_odd = not one.json and target.endswith(("'", '"'))
        fixes = () if is_odd else (Fix("Add the slash", (_slash(one.destination),)),)
        yield about(one, message, one.destination.span, fixes=fixes)


def _ends_in_variable(target: str) -> bool:
    return "$" in target.rpartition("/")[2]


def _slash(word: Word) -> Edit:
    """The slash goes inside of closing quotes."""
    is_quoted = word.span.text[-1:] in ("'", '"')
    at = word.span.end - (1 if is_quoted else 0)
    return Edit(Span(word.span.source, at, at), "/")
