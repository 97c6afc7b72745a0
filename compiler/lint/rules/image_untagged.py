"""A base image should be named with a tag or a digest.

What it does: reports a FROM whose image has neither. Names of earlier stages, scratch and names that begin with a variable
are left alone.

Why it matters: without a tag it is `latest`, which is another image next month.

Example:

    FROM busybox

Use instead:

    FROM busybox:1.36
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import SCRATCH, bases
from lithify.compiler.lint.image_name import ImageName, parse_image_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        if section.source is None or base is not None:
            continue
        word = section.source.image
        if word.text == SCRATCH or word.text.startswith("$"):
            continue
        name = parse_image_name(word.text)
        if not name.tag and not name.digest and not (is_exact(ctx) and _is_port_a_tag(name)):
            message = f"The image '{word.text}' has neither tag nor digest: its content may change"
            yield about(section.source, message, word.span)


def _is_port_a_tag(name: ImageName) -> bool:
    """hadolint knows a registry only by a dot in its name."""
    return ":" in name.registry and "." not in name.registry
