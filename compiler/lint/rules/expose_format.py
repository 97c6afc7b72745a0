"""EXPOSE should name ports of the container only.

What it does: reports a port that is given together with an address or a port of the host.

Why it matters: an image cannot say where it is published; the part of the host has no effect.

Example:

    FROM busybox
    EXPOSE 127.0.0.1:8080:80

Use instead:

    FROM busybox
    EXPOSE 80
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.grammar.ast import Expose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word

_LITERAL = re.compile(r"[\[\]0-9A-Fa-f.:-]*:[0-9-]+(?:/[A-Za-z]+)?")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        if not isinstance(line.instruction, Expose):
            continue
        for word in line.instruction.ports:
            for port in line.words(word.text):
                if ":" in port.partition("/")[0]:
                    yield about(
                        line.instruction,
                        "EXPOSE instruction should not define an IP address or host-port mapping, "
                        f"found '{port}'",
                        focus=word.span,
                        fixes=tuple(_fixes(word)),
                    )


def _fixes(word: Word) -> Iterator[Fix]:
    """The part of the container alone, where no variable hides what it is."""
    text = word.span.text
    if _LITERAL.fullmatch(text):
        yield Fix("Keep the container's port", (Edit(word.span, text.rpartition(":")[2]),))
