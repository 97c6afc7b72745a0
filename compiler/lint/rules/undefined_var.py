"""Variables should be defined before they are used.

What it does: reports names that neither ARG nor ENV of the stage, of its ancestors or of the base image define.

Why it matters: an unknown name expands to nothing and nobody complains; mostly it is misspelt. A base image that is not
at hand is taken to define PATH only.

Example:

    FROM busybox
    ARG VERSION=1
    LABEL version=$VERISON

Use instead:

    FROM busybox
    ARG VERSION=1
    LABEL version=$VERSION
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.edits import meant_variable, variables
from lithify.errors import closest
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        for name in line.missing:
            guess = closest(name, tuple(line.variables))
            suggestion = f" (did you mean ${guess}?)" if guess else ""
            places = [one for span in _spans(line.instruction) for one in variables(span, name)]
            yield about(
                line.instruction,
                f"Usage of undefined variable '${name}'{suggestion}",
                focus=places[0] if places else None,
                fixes=meant_variable(places, guess),
            )


def _spans(instruction: Instruction) -> tuple[Span, ...]:
    """Where the builder looks variables up: in RUN only in flags, the rest is the shell's."""
    if isinstance(instruction, Run):
        return tuple(flag.span for flag in instruction.flags)
    return (instruction.span,)
