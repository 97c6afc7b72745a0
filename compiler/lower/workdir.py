"""Owns WORKDIR: a directory that is entered, and made if missing. Specification: section 3.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change
from lithify.compiler.paths import absolute_path
from lithify.compiler.plan import WorkdirOp
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Workdir


def lower_workdir(instruction: Workdir, state: StageState, lowering: Lowering) -> Change:
    """Set the directory; unless it is the root it is a layer, even when it exists."""
    path = absolute_path(lowering.expand(instruction.path, state), state.working_dir)
    state = state.with_config(replace(state.config, working_dir=path))
    if path == "/":
        return Change(state.noting("WORKDIR /"))
    op = WorkdirOp(path, state.config.user)
    return Change(state.noting(f"WORKDIR {path}", has_layer=True), op)
