"""A stage should not end as root.

What it does: reports the last USER of a stage if it is root, by name or by number.

Why it matters: whatever breaks out of the program that runs there is root, too. A stage without any USER is not reported:
what its base image says is not known.

Example:

    FROM busybox:1.36
    USER root

Use instead:

    FROM busybox:1.36
    USER root
    RUN adduser -D -u 1000 app
    USER 1000
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import meant
from lithify.compiler.lint.context import about
from lithify.grammar.ast import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_ROOT = frozenset(("root", "0"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        users = [one for one in section.instructions if isinstance(one, User)]
        if users and meant(ctx, users[-1].user).partition(":")[0] in _ROOT:
            yield about(users[-1], "The last USER of the stage is root", users[-1].user.span)
