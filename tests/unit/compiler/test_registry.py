"""Every class of instruction has exactly one lowering."""

from __future__ import annotations

from lithify.compiler.lower.registry import LOWERINGS
from lithify.grammar import ast


def _concrete() -> set[type[ast.Instruction]]:
    """Classes of the tree that no other class of it extends."""
    found = {
        one
        for one in vars(ast).values()
        if isinstance(one, type) and issubclass(one, ast.Instruction)
    }
    return {one for one in found if not any(one in other.__mro__[1:] for other in found)}


def test_every_instruction_but_from_is_lowered() -> None:
    assert set(LOWERINGS) == _concrete() - {ast.From}
