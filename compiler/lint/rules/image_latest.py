"""A base image should not be the latest one.

What it does: reports the tag `latest` without a digest.

Why it matters: the tag moves with every release; the same file then builds something else, or fails.

Example:

    FROM busybox:latest

Use instead:

    FROM busybox:1.36
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.image_name import parse_image_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section in ctx.sections:
        if section.source is None:
            continue
        word = section.source.image
        name = parse_image_name(word.text)
        if name.tag == "latest" and not name.digest:
            message = f"The tag of '{word.text}' moves: name a version"
            yield about(section.source, message, word.span)
