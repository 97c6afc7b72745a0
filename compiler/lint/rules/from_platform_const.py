"""FROM should not fix the platform.

What it does: reports a --platform without any variable, unless the stage's name says that it is for that platform.

Why it matters: the file can then be built for one platform only, and --platform of the build has no effect.

Example:

    FROM --platform=linux/amd64 busybox

Use instead:

    FROM --platform=$BUILDPLATFORM busybox
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.platform import Platform, parse_platform
from lithify.compiler.lint.context import about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        flag = stage.source.flag("platform")
        if flag is None or not flag.value or "$" in flag.value:
            continue
        if not _is_named_after(stage.name, flag.value):
            message = f'FROM --platform flag should not use constant value "{flag.value}"'
            yield about(stage.source, message, focus=flag.span)


def _is_named_after(name: str, text: str) -> bool:
    """Whether a stage's name holds the operating system or the architecture of a platform."""
    parts = set(text.lower().split("/")[:2])
    try:
        platform = parse_platform(text, Platform("linux", text))
        parts |= {platform.os, platform.architecture}
    except ValueError:
        pass
    return any(part and part in name for part in parts)
