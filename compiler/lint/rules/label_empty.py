"""Labels that are demanded should have a value.

What it does: reports keys of `label-schema` in the configuration that are set to nothing.

Why it matters: an empty value says no more than a label that is not there.

Example (with `label-schema: {author: text}`):

    FROM busybox:1.36
    LABEL author=""

Use instead:

    FROM busybox:1.36
    LABEL author="the team"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.labels import labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    keys = {key for key, _ in ctx.rule_options.label_schema}
    for label in labels(ctx, ctx.dockerfile.instructions):
        if label.key in keys and label.value == "":
            message = f"The label '{label.key}' is empty"
            yield about(label.instruction, message, label.key_span)
