"""Protocols in EXPOSE should be lowercase.

What it does: reports a port such as 80/TCP.

Why it matters: the image holds 80/tcp, which is what tools look for and show.

Example:

    FROM busybox
    EXPOSE 80/TCP

Use instead:

    FROM busybox
    EXPOSE 80/tcp
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.grammar.ast import Expose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        if not isinstance(line.instruction, Expose):
            continue
        for word in line.instruction.ports:
            for port in line.words(word.text):
                protocol = port.partition("/")[2]
                if protocol != protocol.lower():
                    message = f"Defined protocol '{port}' in EXPOSE instruction should be lowercase"
                    fixes = tuple(_fixes(word))
                    yield about(line.instruction, message, focus=word.span, fixes=fixes)


def _fixes(word: Word) -> Iterator[Fix]:
    """Only what stands there can be written otherwise, no value of a variable."""
    port, slash, protocol = word.span.text.rpartition("/")
    if protocol.isalpha():
        yield Fix("Write it in lower case", (Edit(word.span, port + slash + protocol.lower()),))
