"""Owns which stages ship their layers, and what a stage inherits from those it is based on.

A cache left behind costs only where the layer is kept. It refuses images: a base from elsewhere is an unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.family import bases
from lithify.compiler.lint.rule import Profile
from lithify.grammar.ast import Arg, Env

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from lithify.compiler.lint.context import LintContext, Section
    from lithify.grammar.ast import Instruction


def shipped(ctx: LintContext) -> Iterator[Section]:
    """The last stage and those it is based on; in hadolint's eyes every stage that any other is based on."""
    parents = bases(ctx)
    last = len(ctx.sections) - 1
    kept = {last}
    if ctx.profile is Profile.HADOLINT:
        kept |= {index for index in parents if index is not None}
    at: int | None = last
    while at is not None and at >= 0:
        kept.add(at)
        at = parents[at]
    return (section for index, section in enumerate(ctx.sections) if index in kept)


def named_variables(ctx: LintContext) -> Iterator[tuple[Instruction, AbstractSet[str]]]:
    """Every instruction of a stage with the names that ENV and ARG have set before it, here or in a stage below.

    The set of names grows while the walk goes on."""
    finals: list[set[str]] = []
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        names = set(finals[base]) if base is not None else set()
        for instruction in section.instructions:
            if isinstance(instruction, Env):
                names.update(pair.key.text for pair in instruction.pairs)
            elif isinstance(instruction, Arg):
                names.update(one.name.text for one in instruction.declarations)
            yield instruction, names
        finals.append(names)
