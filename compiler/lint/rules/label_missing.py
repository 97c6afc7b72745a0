"""Labels that are demanded should be there.

What it does: reports each stage and each key of `label-schema` in the configuration that the stage does not set. A stage
inherits the labels of the stage it is built on; one that only serves another stage, which has the label, needs none.

Why it matters: whoever demands the labels looks images up by them.

Example (with `label-schema: {author: text}`):

    FROM busybox:1.36
    LABEL version="1.0.0"

Use instead:

    FROM busybox:1.36
    LABEL version="1.0.0" author="the team"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import bases, providers
from lithify.compiler.lint.labels import labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    schema = ctx.rule_options.label_schema
    if not schema:
        return
    own = [{one.key for one in labels(ctx, section.instructions)} for section in ctx.sections]
    based_on, used = bases(ctx), providers(ctx)
    for key, _ in schema:
        for index in _without(key, own, based_on, used):
            source = ctx.sections[index].source
            if source is not None:
                yield about(source, f"The stage has no label '{key}'", source.image.span)


def _without(
    key: str,
    own: list[set[str]],
    based_on: tuple[int | None, ...],
    used: tuple[frozenset[int], ...],
) -> Iterator[int]:
    is_fine = [key in keys for keys in own]
    for index, base in enumerate(based_on):
        is_fine[index] |= base is not None and is_fine[base]
    for index in reversed(range(len(own))):
        for provider in used[index] if is_fine[index] else ():
            is_fine[provider] = True
    return (index for index, fine in enumerate(is_fine) if not fine)
