"""Ports should be at most 65535.

What it does: reports a port of EXPOSE, or the end of a range, that is larger. Variables are not looked into.

Why it matters: there is no such port, and the build fails.

Example:

    FROM busybox:1.36
    EXPOSE 80443

Use instead:

    FROM busybox:1.36
    EXPOSE 8443
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Expose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_LAST = 65535


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for one in ctx.dockerfile.instructions:
        if not isinstance(one, Expose):
            continue
        for word in one.ports:
            if any(int(port) > _LAST for port in _ports(word.text)):
                yield about(one, f"'{word.text}' is beyond the last port, {_LAST}", word.span)


def _ports(text: str) -> Iterator[str]:
    """The numbers of the container's port or range."""
    for port in text.partition("/")[0].rpartition(":")[2].split("-"):
        if port.isascii() and port.isdigit():
            yield port[-10:] if not port[:-10].strip("0") else "99999"
