"""A volume should not be the system's.

What it does: reports a VOLUME at /proc, /sys, /dev or below, and one for the socket of a container engine.

Why it matters: the first hides what programs need there; the second invites to mount the socket, which is root on the host.

Example:

    FROM busybox:1.36
    VOLUME /var/run/docker.sock

Use instead:

    FROM busybox:1.36
    VOLUME /srv/data
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.system_paths import is_engine_socket, kernel_path
from lithify.grammar.ast import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        one = line.instruction
        if not isinstance(one, Volume):
            continue
        for word in one.paths:
            path = line.value(word.text)
            if kernel_path(path) or is_engine_socket(path):
                yield about(one, f"'{path}' should not be a volume of an image", word.span)
