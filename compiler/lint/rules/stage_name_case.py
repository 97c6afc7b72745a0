"""Stage names should be lowercase.

What it does: reports a name after AS that holds an upper-case letter.

Why it matters: names are compared in lower case, so `Build` and `build` are one stage that looks like two.

Example:

    FROM busybox AS BuildTools

Use instead:

    FROM busybox AS build-tools
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.edits import source_name
from lithify.compiler.lint.family import sources
from lithify.grammar.ast import From

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.grammar.ast import Word


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.stages:
        alias = stage.source.alias
        if alias is not None and alias.text != alias.text.lower():
            message = f"Stage name '{alias.text}' should be lowercase"
            fixes = (Fix("Write it and its uses in lower case", _renaming(ctx, alias)),)
            yield about(stage.source, message, focus=alias.span, fixes=fixes)


def _renaming(ctx: LintContext, alias: Word) -> tuple[Edit, ...]:
    name = alias.text.lower()
    places = [alias.span]
    for one in ctx.dockerfile.instructions:
        if isinstance(one, From) and one.image.text.lower() == name:
            places.append(one.image.span)
        uses = (use for use in sources(one) if use.name.lower() == name)
        places += (place for use in uses if (place := source_name(use)) is not None)
    return tuple(Edit(place, name) for place in places if place.text != name)
