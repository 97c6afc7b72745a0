"""The working directory should not be one of the kernel's.

What it does: reports a WORKDIR that is, or is inside, /proc, /sys or /dev.

Why it matters: these are made anew in every container; what the build puts there is not seen, or changes the machine.

Example:

    FROM busybox:1.36
    WORKDIR /sys/app

Use instead:

    FROM busybox:1.36
    WORKDIR /srv/app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.system_paths import kernel_path
from lithify.grammar.ast import Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        one = line.instruction
        if isinstance(one, Workdir) and (path := kernel_path(line.value(one.path.text))):
            yield about(one, f"The kernel owns '{path}': nothing can be kept there", one.path.span)
