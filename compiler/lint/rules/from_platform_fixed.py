"""FROM should not fix a platform.

What it does: reports a --platform that mentions neither BUILDPLATFORM nor TARGETPLATFORM.
It is a rule of the hadolint profile; otherwise `from-platform-const` speaks of it, with the verdict of the builder.

Why it matters: the stage is of that platform whatever the build is for.

Example:

    FROM --platform=linux/amd64 busybox:1.36

Use instead:

    FROM --platform=$BUILDPLATFORM busybox:1.36
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_AUTOMATIC = ("BUILDPLATFORM", "TARGETPLATFORM")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        flag = section.source.flag("platform") if section.source is not None else None
        if section.source is None or flag is None:
            continue
        if not any(name in (flag.value or "") for name in _AUTOMATIC):
            yield about(section.source, "FROM should not fix a platform", flag.span)
