"""A stage should have one HEALTHCHECK.

What it does: reports the second and every later HEALTHCHECK of a stage.
It is a rule of the hadolint profile; otherwise `multiple-instructions` speaks of it, with the verdict of the builder.

Why it matters: only the last one counts.

Example:

    FROM busybox:1.36
    HEALTHCHECK CMD ["ping"]
    HEALTHCHECK CMD ["pong"]

Use instead:

    FROM busybox:1.36
    HEALTHCHECK CMD ["pong"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.family import repeated
from lithify.grammar.ast import Healthcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from repeated(ctx, Healthcheck)
