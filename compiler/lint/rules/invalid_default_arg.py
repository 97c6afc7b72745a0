"""A FROM should name an image also without any build argument.

What it does: reports a FROM whose image, with the defaults of all ARGs, is empty or no valid name.

Why it matters: a plain build of the file fails, and whoever is new to it has to guess the arguments.

Example:

    ARG VERSION
    FROM busybox:$VERSION

Use instead:

    ARG VERSION=latest
    FROM busybox:$VERSION
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.compiler.lint.context import about
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.scopes import GlobalScope


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    if ctx.scope is None:
        return
    variables = _defaults(ctx, ctx.scope)
    names = {stage.name for stage in ctx.stages if stage.name}
    for stage in ctx.stages:
        written = stage.source.image.text
        if "$" not in written:
            continue
        try:
            name = expand(written, variables, ctx.dockerfile.escape).value
            if name not in names:
                parse_reference(name)
        except ExpansionError:
            continue
        except InvalidReference:
            yield about(
                stage.source,
                f"Default value for ARG {written} results in empty or invalid base image name",
                focus=stage.source.image.span,
            )


def _defaults(ctx: LintContext, scope: GlobalScope) -> dict[str, str]:
    """The global scope as it is when no build argument is given."""
    declared = set(ctx.head_names)
    variables = {name: value for name, value in scope.variables.items() if name not in declared}
    for argument in ctx.head:
        for one in argument.declarations:
            if one.default is not None:
                try:
                    default = expand(one.default.text, variables, ctx.dockerfile.escape)
                    variables[one.name.text] = default.value
                except ExpansionError:
                    continue
    return variables
