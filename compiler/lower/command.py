"""Owns CMD, ENTRYPOINT and SHELL: what a container starts by default. Specification: section 3.7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change, configured
from lithify.grammar.ast import ExecForm
from lithify.grammar.words import quoted
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Cmd, Command, Entrypoint, Shell


def command_line(command: Command, state: StageState) -> tuple[str, ...]:
    """The argument vector: exec form as it is, shell form behind the shell in effect."""
    if isinstance(command, ExecForm):
        return command.args
    return (*state.shell, command.text)


def _shown(args: tuple[str, ...]) -> str:
    return "[" + " ".join(quoted(arg) for arg in args) + "]"


def lower_cmd(instruction: Cmd, state: StageState, lowering: Lowering) -> Change:
    """Set Cmd; from here on ENTRYPOINT of this stage leaves it alone."""
    args = command_line(instruction.command, state)
    config = replace(state.config, cmd=args, args_escaped=True)
    return configured(replace(state, has_cmd=True), config, f"CMD {_shown(args)}")


def lower_entrypoint(instruction: Entrypoint, state: StageState, lowering: Lowering) -> Change:
    """Set Entrypoint; a Cmd that was not set in this very stage is cleared."""
    args = command_line(instruction.command, state)
    cmd = state.config.cmd if state.has_cmd else None
    config = replace(state.config, entrypoint=args or None, cmd=cmd)
    return configured(state, config, f"ENTRYPOINT {_shown(args)}")


def lower_shell(instruction: Shell, state: StageState, lowering: Lowering) -> Change:
    """Set the shell of later shell forms; the image keeps it."""
    args = instruction.command.args
    text = " ".join(args)
    return configured(state, replace(state.config, shell=args), f"SHELL [{text}]")
