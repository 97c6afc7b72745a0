"""Owns the growing list of steps: numbers them, merges equal ones, drops those that nothing needs.

Merging by value is what lets platforms share the stages that do not depend on them. It refuses meaning: a step is
equal to another if operation, parent and platform are.

Specification: section 5.1, item 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    CopyOp,
    Operation,
    RunOp,
    Step,
    StepTree,
    Tree,
    TreeSource,
)
from lithify.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lithify.cache.platform import Platform
    from lithify.errors import Span


@dataclass(frozen=True, slots=True)
class StepLabel:
    """What people see of a step."""

    name: str
    stage: str
    span: Span


_Identity = tuple[Operation, int | None, "Platform", bool]


@dataclass(frozen=True, slots=True)
class StepTable:
    """Steps in the order of their making; local to one planning."""

    steps: list[Step] = field(default_factory=list)
    places: dict[_Identity, int] = field(default_factory=dict)

    def add(
        self,
        op: Operation,
        parent: int | None,
        platform: Platform,
        label: StepLabel,
        *,
        no_cache: bool = False,
    ) -> int:
        """The number of a step that does this: an equal one if there is, else a new one."""
        identity = (op, parent, platform, no_cache)
        if identity not in self.places:
            index = len(self.steps)
            self.places[identity] = index
            self.steps.append(
                Step(index, label.name, label.stage, op, parent, platform, label.span, no_cache)
            )
        return self.places[identity]

    def pruned(self, outputs: Iterable[int]) -> tuple[tuple[Step, ...], dict[int, int]]:
        """The steps that the outputs stand on, renumbered, and old numbers to new ones."""
        needed = set(outputs)
        for step in reversed(self.steps):
            if step.index in needed:
                needed.update(step.inputs)
        numbers = {old: new for new, old in enumerate(sorted(needed))}
        if len(needed) == len(self.steps):
            return tuple(self.steps), numbers
        return tuple(_renumbered(self.steps[old], numbers) for old in numbers), numbers


def _renumbered(step: Step, numbers: Mapping[int, int]) -> Step:
    return replace(
        step,
        index=numbers[step.index],
        parent=None if step.parent is None else numbers[step.parent],
        op=_renumbered_op(step.op, numbers),
    )


def _renumbered_op(op: Operation, numbers: Mapping[int, int]) -> Operation:
    if isinstance(op, CopyOp):
        sources = tuple(
            replace(one, tree=_renumbered_tree(one.tree, numbers))
            if isinstance(one, TreeSource)
            else one
            for one in op.sources
        )
        return replace(op, sources=sources)
    if isinstance(op, RunOp):
        mounts = tuple(
            replace(one, tree=_renumbered_tree(one.tree, numbers))
            if isinstance(one, BindMount | CacheMount) and one.tree is not None
            else one
            for one in op.mounts
        )
        return replace(op, mounts=mounts)
    return op


def _renumbered_tree(tree: Tree, numbers: Mapping[int, int]) -> Tree:
    return StepTree(numbers[tree.step]) if isinstance(tree, StepTree) else tree
