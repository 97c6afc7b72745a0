"""Owns the table of lowerings: one function for each class of instruction.

A literal table, so that a new instruction is one line and a missing one fails a test. FROM is not in it: it starts
a stage and is handled before any instruction (`phases.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lithify.compiler.lower.arg import lower_arg
from lithify.compiler.lower.command import lower_cmd, lower_entrypoint, lower_shell
from lithify.compiler.lower.copy import lower_copy
from lithify.compiler.lower.env import lower_env
from lithify.compiler.lower.expose import lower_expose
from lithify.compiler.lower.healthcheck import lower_healthcheck
from lithify.compiler.lower.label import lower_label, lower_maintainer
from lithify.compiler.lower.run import lower_run
from lithify.compiler.lower.settings import (
    lower_onbuild,
    lower_stopsignal,
    lower_user,
    lower_volume,
)
from lithify.compiler.lower.workdir import lower_workdir
from lithify.grammar import ast

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Change, Lowering
    from lithify.compiler.state import StageState

LOWERINGS: Mapping[type[ast.Instruction], Callable[[Any, StageState, Lowering], Change]] = {
    ast.Add: lower_copy,
    ast.Arg: lower_arg,
    ast.Cmd: lower_cmd,
    ast.Copy: lower_copy,
    ast.Entrypoint: lower_entrypoint,
    ast.Env: lower_env,
    ast.Expose: lower_expose,
    ast.Healthcheck: lower_healthcheck,
    ast.Label: lower_label,
    ast.Maintainer: lower_maintainer,
    ast.Onbuild: lower_onbuild,
    ast.Run: lower_run,
    ast.Shell: lower_shell,
    ast.Stopsignal: lower_stopsignal,
    ast.User: lower_user,
    ast.Volume: lower_volume,
    ast.Workdir: lower_workdir,
}


def lower(instruction: ast.Instruction, state: StageState, lowering: Lowering) -> Change:
    """An instruction's effect on a stage. Raises SourceError."""
    return LOWERINGS[type(instruction)](instruction, state, lowering)
