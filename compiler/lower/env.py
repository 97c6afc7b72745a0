"""Owns ENV: variables of the build that the image keeps.

All words see the environment before the instruction. Specification: sections 2.3 and 3.6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change
from lithify.compiler.state import set_pair
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import Pairs, StageState
    from lithify.grammar.ast import Env, Label


def expand_pairs(instruction: Env | Label, state: StageState, lowering: Lowering) -> Pairs:
    """Keys and values of ENV or LABEL, each expanded in the environment before it."""
    return tuple(
        (lowering.expand(pair.key, state), lowering.expand(pair.value, state))
        for pair in instruction.pairs
    )


def lower_env(instruction: Env, state: StageState, lowering: Lowering) -> Change:
    """Set in the build environment and in the config, in place if already there."""
    pairs = expand_pairs(instruction, state, lowering)
    kept: Pairs = tuple((one.partition("=")[0], one.partition("=")[2]) for one in state.config.env)
    for name, value in pairs:
        state = state.with_env(name, value)
        kept = set_pair(kept, name, value)
    text = " ".join(f"{name}={value}" for name, value in pairs)
    config = replace(state.config, env=tuple(f"{name}={value}" for name, value in kept))
    return Change(state.with_config(config).noting(f"ENV {text}"))
