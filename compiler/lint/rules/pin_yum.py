"""Packages installed with yum have a version.

What it does: reports packages that yum installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM rockylinux
    RUN yum install -y httpd && yum clean all

Use instead:

    FROM rockylinux
    RUN yum install -y httpd-2.4.57 && yum clean all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned_rpms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from unpinned_rpms(ctx, ("yum",))
