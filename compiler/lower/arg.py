"""Owns ARG inside a stage: a variable of the build that the image does not keep.

Specification: section 2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change
from lithify.compiler.scopes import SILENT_ARGS
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Arg, ArgDeclaration


def lower_arg(instruction: Arg, state: StageState, lowering: Lowering) -> Change:
    """Declare from left to right: later defaults see earlier values."""
    texts: list[str] = []
    for declared in instruction.declarations:
        name = declared.name.text
        value = _value(declared, state, lowering)
        state = replace(state, args=(*state.args, (name, value)))
        if value is not None and name not in SILENT_ARGS:
            state = state.with_env(name, value)
        texts.append(name if value is None else f"{name}={value}")
    return Change(state.noting("ARG " + " ".join(texts)))


def _value(declared: ArgDeclaration, state: StageState, lowering: Lowering) -> str | None:
    """The build argument; else the default; else the global value; else nothing."""
    name = declared.name.text
    if name in lowering.scope.build_args:
        return lowering.scope.build_args[name]
    if declared.default is not None:
        return lowering.expand(declared.default, state)
    return lowering.scope.variables.get(name)
