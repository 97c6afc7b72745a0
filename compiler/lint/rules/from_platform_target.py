"""FROM should not ask for the target platform.

What it does: reports a --platform that is `$TARGETPLATFORM` and nothing else.
It is a rule of the hadolint profile; otherwise `from-platform-redundant` speaks of it, with the verdict of the builder.

Why it matters: it is the default.

Example:

    FROM --platform=$TARGETPLATFORM busybox:1.36

Use instead:

    FROM busybox:1.36
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_TARGET = frozenset(("$TARGETPLATFORM", "${TARGETPLATFORM}"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        flag = section.source.flag("platform") if section.source is not None else None
        if section.source is not None and flag is not None and flag.value in _TARGET:
            yield about(section.source, "The target platform is the default", flag.span)
