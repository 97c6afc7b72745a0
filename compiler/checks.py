"""Owns what is wrong with a file whatever is built from it: errors of single instructions in all stages.

They come before any stage is expanded, and all at once, because each stands for itself. It refuses what depends on
values, stages or images: that is found out only where it is reached.

Specification: appendix C, items 2 and 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.dependencies import instruction_needs
from lithify.compiler.lower.healthcheck import read_healthcheck
from lithify.errors import SourceError
from lithify.grammar.ast import Healthcheck

if TYPE_CHECKING:
    from lithify.grammar.ast import Dockerfile, Instruction


def early_errors(dockerfile: Dockerfile) -> tuple[SourceError, ...]:
    """The parser's errors and those of single instructions, in file order."""
    errors = list(dockerfile.errors)
    for instruction in dockerfile.instructions:
        try:
            _check(instruction)
        except SourceError as error:
            errors.append(error)
    return tuple(sorted(errors, key=lambda error: error.span.start if error.span else -1))


def _check(instruction: Instruction) -> None:
    if isinstance(instruction, Healthcheck):
        read_healthcheck(instruction)
    for _ in instruction_needs(instruction):
        pass
