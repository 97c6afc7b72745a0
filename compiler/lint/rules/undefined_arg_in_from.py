"""Variables in FROM should be declared before the first FROM.

What it does: reports names in the image or in --platform that no ARG above the first FROM declares.

Why it matters: FROM sees nothing else, so such a variable is always empty.

Example:

    FROM busybox:${TAG:-latest}

Use instead:

    ARG TAG=latest
    FROM busybox:${TAG}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.edits import meant_variable, variables
from lithify.errors import closest
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    if ctx.scope is None:
        return
    known = tuple(dict.fromkeys((*ctx.scope.variables, *ctx.head_names)))
    for stage in ctx.stages:
        flag = stage.source.flag("platform")
        texts = (stage.source.image.text, (flag.value if flag else None) or "")
        for name in sorted(_missing(texts, ctx) - set(known)):
            guess = closest(name, known)
            suggestion = f" (did you mean {guess}?)" if guess else ""
            message = f"FROM argument '{name}' is not declared{suggestion}"
            spans = [stage.source.image.span, *(() if flag is None else (flag.span,))]
            places = [place for span in spans for place in variables(span, name)]
            fixes = meant_variable(places, guess)
            focus = places[0] if places else None
            yield about(stage.source, message, focus=focus, fixes=fixes)


def _missing(texts: tuple[str, ...], ctx: LintContext) -> set[str]:
    assert ctx.scope is not None
    found: set[str] = set()
    for text in texts:
        try:
            found |= expand(text, ctx.scope.variables, ctx.dockerfile.escape).missing
        except ExpansionError:
            continue
    return found
