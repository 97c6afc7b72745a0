"""An ARG that changes with every build should stand where it is needed.

What it does: reports an ARG with a name such as GIT_COMMIT or BUILD_DATE before a RUN that installs packages of the
system and does not use it.

Why it matters: RUN sees all ARGs above it, so that its packages are installed again with every commit.

Example:

    FROM debian:13
    ARG GIT_COMMIT
    RUN apt-get update && apt-get install --yes curl
    RUN echo "$GIT_COMMIT" > /etc/commit

Use instead:

    FROM debian:13
    RUN apt-get update && apt-get install --yes curl
    ARG GIT_COMMIT
    RUN echo "$GIT_COMMIT" > /etc/commit
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.edits import inserted_before, removed
from lithify.compiler.lint.insight.story import every_place
from lithify.compiler.lint.insight.volatile import is_volatile, spoiled
from lithify.grammar.ast import Arg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for place in every_place(ctx):
        instruction = place.instruction
        if not isinstance(instruction, Arg):
            continue
        for declared in instruction.declarations:
            name = declared.name.text
            wasted, first_use = spoiled(ctx, place, name) if is_volatile(name) else (None, None)
            if wasted is None:
                continue
            message = f"{name} is another with every build: declare it after what does not use it"
            related = Related(wasted.span, "this is executed again for nothing")
            fixes: tuple[Fix, ...] = ()
            if first_use is not None and len(instruction.declarations) == 1:
                moved = (removed(instruction), inserted_before(first_use, instruction.span.text))
                fixes = (Fix(f"Move ARG {name} to its first use", moved),)
            finding = about(instruction, message, declared.name.span)
            yield finding._replace(fixes=fixes, related=(related,))
