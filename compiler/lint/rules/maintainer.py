"""An author should be named by a label.

What it does: reports MAINTAINER.

Why it matters: the instruction is deprecated; a label says the same and tools can read it.

Example:

    FROM busybox
    MAINTAINER someone@example.org

Use instead:

    FROM busybox
    LABEL org.opencontainers.image.authors="someone@example.org"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.family import unquoted
from lithify.errors import Span
from lithify.grammar.ast import Maintainer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

_KEY = "org.opencontainers.image.authors"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for instruction in ctx.dockerfile.instructions:
        if isinstance(instruction, Maintainer):
            message = "Maintainer instruction is deprecated in favor of using label"
            fixes = (Fix("Write a label", (_label(instruction, ctx.dockerfile.escape),)),)
            place = instruction.keyword.span
            yield about(instruction, message, focus=place, fixes=fixes, tags=("deprecated",))


def _label(instruction: Maintainer, escape: str) -> Edit:
    """What is special inside quotes is escaped: MAINTAINER knows neither quotes nor variables."""
    keyword, author = instruction.keyword, instruction.author
    text = re.sub(rf'[{re.escape(escape)}"$]', rf"{re.escape(escape)}\g<0>", unquoted(author.text))
    name = "label" if keyword.text.islower() else "LABEL"
    place = Span(keyword.span.source, keyword.span.start, author.span.end)
    return Edit(place, f'{name} {_KEY}="{text}"')
