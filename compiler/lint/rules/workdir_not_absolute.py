"""WORKDIR should be absolute.

What it does: reports every WORKDIR that does not begin with a slash, a variable or a drive, also behind an absolute one.
It is a rule of the hadolint profile; otherwise `workdir-relative` speaks of it, with the verdict of the builder.

Why it matters: what a relative directory starts from must be looked for further up.

Example:

    FROM busybox:1.36
    WORKDIR /srv
    WORKDIR app

Use instead:

    FROM busybox:1.36
    WORKDIR /srv/app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import unquoted
from lithify.grammar.ast import Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if isinstance(one, Workdir) and not _is_absolute(unquoted(one.path.text)):
            yield about(one, "WORKDIR should be an absolute path", one.path.span)


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "$")) or (path[1:2] == ":" and path[:1].isalpha())
