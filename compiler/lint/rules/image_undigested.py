"""A base image should be named with its digest.

What it does: reports a FROM without a digest, unless it names a stage, scratch or begins with a variable. It is off unless
it is selected.

Why it matters: a tag can be moved to other content; a digest is the content.

Example:

    FROM busybox:1.36

Use instead:

    FROM busybox:1.36@sha256:1111111111111111111111111111111111111111111111111111111111111111
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import SCRATCH, bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        if section.source is None or base is not None:
            continue
        word = section.source.image
        if word.text != SCRATCH and not word.text.startswith("$") and "@" not in word.text:
            yield about(section.source, f"'{word.text}' is not pinned by a digest", word.span)
