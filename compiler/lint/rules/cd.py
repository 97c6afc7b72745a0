"""The working directory is set by WORKDIR.

What it does: reports cd in RUN.

Why it matters: the next instruction starts where this one started, whatever cd did; WORKDIR stays, and readers see it.

Example:

    FROM busybox
    RUN cd /srv && tar -xf site.tar

Use instead:

    FROM busybox
    WORKDIR /srv
    RUN tar -xf site.tar
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import commands
from lithify.grammar.ast import Onbuild

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.name == "cd"):
        # In a trigger it is the only way: WORKDIR would change the image that is built on this one.
        if not isinstance(run.instruction, Onbuild):
            yield run.about(command, "cd is forgotten after this instruction: use WORKDIR")
