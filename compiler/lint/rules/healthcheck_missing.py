"""An image should say how its health is checked.

What it does: reports stages without HEALTHCHECK, unless one they are built on or one built on them has it. It is off unless it
is given a severity.

Why it matters: without it a container that hangs counts as well as one that works. HEALTHCHECK NONE says that this is meant.

Example:

    FROM busybox:1.36
    CMD ["httpd", "-f"]

Use instead:

    FROM busybox:1.36
    HEALTHCHECK CMD ["wget", "-qO/dev/null", "http://localhost/"]
    CMD ["httpd", "-f"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import bases
from lithify.grammar.ast import Healthcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    based_on = bases(ctx)
    has_one = [
        any(isinstance(one, Healthcheck) for one in section.instructions)
        for section in ctx.sections
    ]
    for index, base in enumerate(based_on):
        has_one[index] |= base is not None and has_one[base]
    for index, base in reversed(tuple(enumerate(based_on))):
        if base is not None and has_one[index]:
            has_one[base] = True
    for section, is_fine in zip(ctx.sections, has_one, strict=True):
        if section.source is not None and not is_fine:
            yield about(section.source, "The stage has no HEALTHCHECK", section.source.image.span)
