"""Packages installed with dnf have a version.

What it does: reports packages that dnf installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM fedora
    RUN dnf install -y tar && dnf clean all

Use instead:

    FROM fedora
    RUN dnf install -y tar-1.35 && dnf clean all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned_rpms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from unpinned_rpms(ctx, ("dnf", "microdnf"), ("module", "group"))
