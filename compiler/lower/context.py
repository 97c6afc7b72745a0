"""Owns what lowering an instruction may ask and what it answers.

An instruction is lowered by a function from state to `Change`; everything it may know besides is here, so that
each such function can be read and tested alone. It refuses steps: numbering them is the evaluation's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lithify.compiler.expansion import expand_text, expand_word
from lithify.values import dataclass

if TYPE_CHECKING:
    from lithify.cache.oci import ContainerConfig
    from lithify.compiler.dependencies import Need
    from lithify.compiler.plan import BuildOptions, Operation, Tree
    from lithify.compiler.scopes import GlobalScope
    from lithify.compiler.state import StageState
    from lithify.errors import Span
    from lithify.grammar.ast import Word


class TreeFinder(Protocol):
    """Turns a `from` into a tree."""

    def find(self, need: Need, mount_target: str = "") -> Tree:
        """Raises SourceError if the stage stands after its user."""


@dataclass(frozen=True, slots=True)
class Lowering:
    """The surroundings of an instruction: global scope, options, escape, and other trees."""

    scope: GlobalScope
    options: BuildOptions
    escape: str
    trees: TreeFinder

    def expand(self, word: Word, state: StageState) -> str:
        """A word's value in the build environment. Raises SourceError at the word."""
        return expand_word(word, state.variables, self.escape)

    def expand_at(self, text: str, state: StageState, span: Span) -> str:
        """A text's value in the build environment. Raises SourceError at the span."""
        return expand_text(text, state.variables, self.escape, span)


@dataclass(frozen=True, slots=True)
class Change:
    """An instruction's effect: the new state, and the operation if files change.

    `summary` is added to the step's name."""

    state: StageState
    op: Operation | None = None
    summary: str = ""


def configured(state: StageState, config: ContainerConfig, created_by: str) -> Change:
    """A change of the image config with its history entry."""
    return Change(state.with_config(config).noting(created_by))
