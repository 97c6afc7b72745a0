"""An image should not offer SSH.

What it does: reports port 22, alone or in a range, in EXPOSE.

Why it matters: a container is entered by its runtime; a daemon for it is one more door, with keys or passwords in the image.

Example:

    FROM busybox:1.36
    EXPOSE 22

Use instead:

    FROM busybox:1.36
    EXPOSE 8080
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lower.expose import parse_ports
from lithify.grammar.ast import Expose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_SSH = "22/tcp"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        if not isinstance(line.instruction, Expose):
            continue
        for word in line.instruction.ports:
            if any(_holds_ssh(port) for port in line.words(word.text)):
                message = f"'{word.text}' is the port of SSH, which a container does not need"
                yield about(line.instruction, message, word.span)


def _holds_ssh(text: str) -> bool:
    try:
        return _SSH in parse_ports(text)
    except ValueError:
        return False
