"""USER should be a number.

What it does: reports a user that is not given by digits or by an ARG.

Why it matters: an orchestrator that demands a user other than root can tell so only from a number.

Example:

    FROM busybox:1.36
    USER app

Use instead:

    FROM busybox:1.36
    USER 1000
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import meant
from lithify.compiler.lint.context import about
from lithify.grammar.ast import Arg, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    arguments: set[str] = set()
    for one in ctx.dockerfile.instructions:
        if isinstance(one, Arg):
            arguments |= {declared.name.text for declared in one.declarations}
        elif isinstance(one, User):
            user = meant(ctx, one.user).partition(":")[0]
            is_number = user.isascii() and user.isdigit()
            if not is_number and arguments.isdisjoint(_VARIABLE.findall(user)):
                yield about(one, f"The user '{user}' is not a number", one.user.span)
