"""Owns LABEL and MAINTAINER: words about the image. Specification: section 3.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lower.context import Change, configured
from lithify.compiler.lower.env import expand_pairs
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Label, Maintainer


def lower_label(instruction: Label, state: StageState, lowering: Lowering) -> Change:
    """Set labels; the last value of a key wins."""
    pairs = expand_pairs(instruction, state, lowering)
    labels = {**dict(state.config.labels), **dict(pairs)}
    text = " ".join(f"{name}={value}" for name, value in pairs)
    config = replace(state.config, labels=tuple(sorted(labels.items())))
    return configured(state, config, f"LABEL {text}")


def lower_maintainer(instruction: Maintainer, state: StageState, lowering: Lowering) -> Change:
    """Set the image's author; nothing is expanded."""
    author = instruction.author.text
    return Change(replace(state, author=author).noting(f"MAINTAINER {author}"))
