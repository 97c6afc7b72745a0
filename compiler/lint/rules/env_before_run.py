"""An ENV whose value changes with every build should stand at the end.

What it does: reports an ENV made of an ARG such as GIT_COMMIT or BUILD_DATE before a RUN that installs packages of the
system and does not use it.

Why it matters: RUN sees all ENVs above it, so that its packages are installed again with every commit.

Example:

    FROM debian:13
    ARG GIT_COMMIT=none
    ENV COMMIT=$GIT_COMMIT
    RUN apt-get update && apt-get install --yes curl
    CMD ["curl", "--version"]

Use instead:

    FROM debian:13
    RUN apt-get update && apt-get install --yes curl
    ARG GIT_COMMIT=none
    ENV COMMIT=$GIT_COMMIT
    CMD ["curl", "--version"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.edits import inserted_after, inserted_before, removed
from lithify.compiler.lint.insight.scripts import mentions
from lithify.compiler.lint.insight.story import every_place
from lithify.compiler.lint.insight.volatile import is_volatile, spoiled
from lithify.grammar.ast import Arg, Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for place in every_place(ctx):
        instruction = place.instruction
        if not isinstance(instruction, Env):
            continue
        arguments = _volatile_arguments(place)
        for pair in instruction.pairs:
            source = next((one for one in arguments if mentions(pair.value.text, one)), None)
            if source is None:
                continue
            wasted, first_use = spoiled(ctx, place, place.line.value(pair.key.text))
            if wasted is None:
                continue
            name = pair.key.text
            message = f"{source} is another with every build: set {name} after what does not use it"
            related = Related(wasted.span, "this is executed again for nothing")
            fixes = _fixes(instruction, first_use or wasted, is_before=first_use is not None)
            finding = about(instruction, message, pair.key.span)
            yield finding._replace(fixes=fixes, related=(related,))


def _volatile_arguments(place: Place) -> list[str]:
    args = (line.instruction for line in place.stage.lines)
    names = (d.name.text for one in args if isinstance(one, Arg) for d in one.declarations)
    return [name for name in names if is_volatile(name)]


def _fixes(env: Env, other: Instruction, *, is_before: bool) -> tuple[Fix, ...]:
    """The ARG may stay: the rule about ARG moves it."""
    if len(env.pairs) > 1:
        return ()
    put = inserted_before if is_before else inserted_after
    return (Fix("Move the ENV", (removed(env), put(other, env.span.text))),)
