"""Only labels of the schema should be set.

What it does: reports labels that `label-schema` of the configuration does not list, if `strict-labels` is set there.

Why it matters: a misspelt key looks like a label that is there.

Example (with `label-schema: {author: text}` and `strict-labels: true`):

    FROM busybox:1.36
    LABEL auhtor="the team"

Use instead:

    FROM busybox:1.36
    LABEL author="the team"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.labels import labels
from lithify.errors import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    if not ctx.rule_options.is_strict_about_labels:
        return
    keys = tuple(key for key, _ in ctx.rule_options.label_schema)
    for label in labels(ctx, ctx.dockerfile.instructions):
        if label.key not in keys:
            guess = closest(label.key, keys)
            question = f", did you mean '{guess}'?" if guess else ""
            message = f"The schema has no label '{label.key}'{question}"
            yield about(label.instruction, message, label.key_span)
