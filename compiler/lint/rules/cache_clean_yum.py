"""What yum downloads to choose from does not stay in the image.

What it does: reports yum where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM rockylinux
    RUN yum install -y bash-5.1.8

Use instead:

    FROM rockylinux
    RUN yum install -y bash-5.1.8 && yum clean all
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import append_command
from lithify.compiler.lint.commands.runs import removes, runs, uncleaned
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command

_FOLDER = re.compile(r"/var/cache(?:/?$|/\*|/yum|/\{)")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    is_clean = _is_clean_for_hadolint if ctx.profile is Profile.HADOLINT else _is_clean
    for run in runs(ctx):
        left = uncleaned(run, lambda one: one.calls("yum", "install"), is_clean)
        if left is not None:
            message = "What yum downloads stays in the layer: run yum clean all behind it"
            yield run.about(left, message, *append_command(run, "yum clean all"))


def _is_clean(command: Command) -> bool:
    return _is_yum_clean(command) or removes(command, _FOLDER)


def _is_clean_for_hadolint(command: Command) -> bool:
    return _is_yum_clean(command) or command.calls("rm", "-rf", "/var/cache/yum/*")


def _is_yum_clean(command: Command) -> bool:
    return command.calls("yum", "clean") and command.has_argument("all")
