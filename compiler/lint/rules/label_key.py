"""Keys of labels should be well formed and not those of others.

What it does: reports keys that do not begin with a lower-case letter, do not end with a lower-case letter or a digit, hold
other characters than these and `.`, `-`, `_`, `/`, or two separators in a row; and keys of Docker's own namespaces.

Why it matters: tools find labels by their key; those that follow the rules are found by all of them.

Example:

    FROM busybox:1.36
    LABEL Author="the team"

Use instead:

    FROM busybox:1.36
    LABEL org.example.author="the team"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Diagnostic, about
from lithify.compiler.lint.labels import labels
from lithify.grammar.instructions import BlankName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext


_VALID = re.compile(r"[a-z](?:[a-z0-9._/-]*[a-z0-9])?")
_RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from _found(ctx)
    for error in ctx.dockerfile.errors:
        if isinstance(error, BlankName) and error.keyword == "LABEL" and error.span is not None:
            yield Diagnostic("A label should have a key", error.span)


def _found(ctx: LintContext) -> Iterator[Diagnostic]:
    for label in labels(ctx, ctx.dockerfile.instructions):
        if label.key.startswith(_RESERVED):
            message = f"The namespace of the label '{label.key}' is reserved"
            yield about(label.instruction, message, label.key_span)
        elif not _VALID.fullmatch(label.key) or ".." in label.key or "--" in label.key:
            message = f"The label's key '{label.key}' is not well formed"
            yield about(label.instruction, message, label.key_span)
