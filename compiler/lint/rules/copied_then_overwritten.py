"""What is copied should not be overwritten before anything can read it.

What it does: reports a COPY or ADD in the resulting image all of whose files a later one replaces, with no RUN between.

Why it matters: the first copy has no effect but a layer that everyone downloads.

Example:

    FROM busybox
    COPY <<settings.json /srv/
    {}
    settings.json
    COPY <<settings.json /srv/
    {"mode": "production"}
    settings.json

Use instead:

    FROM busybox
    COPY <<settings.json /srv/
    {"mode": "production"}
    settings.json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import brought
from lithify.compiler.lint.insight.edits import removed
from lithify.compiler.lint.insight.story import shipped
from lithify.grammar.ast import CopyLike, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    open_copies: list[tuple[Place, frozenset[str]]] = []
    for place in shipped(ctx):
        if isinstance(place.instruction, Run):
            open_copies.clear()
        if not isinstance(place.instruction, CopyLike):
            continue
        files = brought(place, ctx) or frozenset()
        for earlier, replaced in open_copies:
            if replaced <= files:
                yield _report(earlier, place, replaced)
        open_copies = [one for one in open_copies if not one[1] <= files]
        if files:
            open_copies.append((place, files))


def _report(earlier: Place, later: Place, replaced: frozenset[str]) -> Diagnostic:
    first = min(replaced)
    what = first if len(replaced) == 1 else f"{first} and {len(replaced) - 1} more"
    message = (
        f"{what} is overwritten at line {later.instruction.span.line} before anything reads it"
    )
    fix = Fix("Delete the instruction", (removed(earlier.instruction),), is_safe=False)
    related = Related(later.instruction.span, "overwritten here")
    finding = about(earlier.instruction, message)
    return finding._replace(fixes=(fix,), related=(related,), tags=("unnecessary",))
