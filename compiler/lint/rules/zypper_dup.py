"""An image is not upgraded to another distribution.

What it does: reports zypper dist-upgrade.

Why it matters: it replaces the base image from inside: the layer holds the whole system again. A newer base is smaller.

Example:

    FROM opensuse/leap:15.5
    RUN zypper -n dist-upgrade

Use instead:

    FROM opensuse/leap:15.6
    RUN zypper -n patch
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("zypper", "dist-upgrade", "dup")):
        yield run.about(command, "zypper replaces the whole system: choose a newer base image")
