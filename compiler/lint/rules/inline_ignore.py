"""Findings should not be ignored by comments in the file.

What it does: reports each comment that ignores findings of the next line. It is off unless it is given a severity.

Why it matters: where exceptions are decided for all files together, a comment in one of them goes around that decision.

Example:

    # hadolint ignore=DL3006
    FROM busybox

Use instead:

    FROM busybox:1.36
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


_IGNORE = re.compile(
    r"hadolint[ \t]+ignore[ \t]*=[ \t]*[A-Za-z]|(?:lithify|tally):?[ \t]*ignore[\[=]"
)


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for comment in ctx.dockerfile.comments:
        if _IGNORE.match(comment.text):
            yield Diagnostic("Findings are ignored by a comment here", comment.span)
