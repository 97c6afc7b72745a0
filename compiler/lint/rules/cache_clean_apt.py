"""What apt-get downloads to choose from does not stay in the image.

What it does: reports apt-get where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM debian
    RUN apt-get update && apt-get install -y curl=7.88.1

Use instead:

    FROM debian
    RUN apt-get update && apt-get install -y curl=7.88.1 && rm -rf /var/lib/apt/lists/*
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import append_command
from lithify.compiler.lint.commands.runs import removes, section_runs
from lithify.compiler.lint.commands.stages import shipped
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_LISTS = "/var/lib/apt/lists"
_FOLDER = re.compile(r"/var/(?:\*|lib/?$|lib/(?:\*|\{?[^/]*apt))")
_TOOLS = ("apt-get", "apt", "aptitude")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in shipped(ctx):
        for run in section_runs(ctx, section):
            updates = [one for one in run.commands if _is_update(one)]
            if not updates or _is_mounted(ctx, run) or _is_clean(ctx, run, updates[-1]):
                continue
            message = (
                f"The package lists stay in the layer: remove {_LISTS}, or mount a cache there"
            )
            yield run.about(updates[0], message, *append_command(run, f"rm -rf {_LISTS}/*"))


def _is_update(command: Command) -> bool:
    return command.name in _TOOLS and command.has_argument("update")


def _is_mounted(ctx: LintContext, run: Executed) -> bool:
    if ctx.profile is not Profile.HADOLINT:
        return run.keeps_out(ctx, _LISTS)
    targets = list(run.mounts)
    needed = ("/var/lib/apt", "/var/cache/apt")
    return any(_LISTS in target for target in targets) or all(
        any(place in target for target in targets) for place in needed
    )


def _is_clean(ctx: LintContext, run: Executed, update: Command) -> bool:
    if ctx.profile is Profile.HADOLINT:
        return any(one.calls("rm", "-rf", f"{_LISTS}/*") for one in run.commands)
    return any(
        removes(one, _FOLDER) or (one.name in _TOOLS and one.has_argument("distclean"))
        for one in run.commands
        if one.start > update.start
    )
