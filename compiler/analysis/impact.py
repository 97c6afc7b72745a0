"""Owns what reruns when something changes: the steps that stand on others, and those that an argument reaches.

The answer is an upper bound. Keys name content, so a step that makes the same bytes as before ends the chain; that is
only known once it ran. It refuses to guess for arguments: the file is planned again with another value, and steps
whose definition is the same in both plans stay.

Specification: section 5.2 (cache keys).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.keys import definition_keys
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    CopyOp,
    ImageOp,
    RunOp,
    StepTree,
    TreeSource,
)
from lithify.errors import LithifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lithify.compiler.keys import KeySurroundings
    from lithify.compiler.plan import ContextTree, Plan, Step

    #: A plan made with another value of an argument. Raises LithifyError.
    Replan = Callable[[str, str], Plan]


class ArgumentImpact(NamedTuple):
    """What another value of a build argument changes: steps, or only the image's configuration.

    `problem` says why no other value could be tried; then nothing else is known."""

    steps: tuple[int, ...] = ()
    changes_config: bool = False
    problem: str = ""


def rerun(plan: Plan, first: Iterable[int]) -> tuple[int, ...]:
    """The steps that may rerun when these do, ascending, themselves included.

    A linked copy is done on an empty file system, so what lies below it does not reach it, but reaches what
    stands on it."""
    again = set(first)
    changed = set(again)
    for step in plan.steps:
        if step.index in again:
            continue
        sideways = set(_sideways(step))
        is_linked = isinstance(step.op, CopyOp) and step.op.link
        if sideways & changed or (step.parent in changed and not is_linked):
            again.add(step.index)
            changed.add(step.index)
        elif step.parent in changed:
            changed.add(step.index)
    return tuple(sorted(again))


def _sideways(step: Step) -> Iterator[int]:
    if isinstance(step.op, CopyOp):
        for source in step.op.sources:
            if isinstance(source, TreeSource) and isinstance(source.tree, StepTree):
                yield source.tree.step
    elif isinstance(step.op, RunOp):
        for mount in step.op.mounts:
            if isinstance(mount, BindMount | CacheMount) and isinstance(mount.tree, StepTree):
                yield mount.tree.step


def argument_impact(
    plan: Plan, around: KeySurroundings, replan: Replan, name: str, values: Sequence[str]
) -> ArgumentImpact:
    """What changes with another value of an argument: the first of `values` that can be planned."""
    problem = ""
    for value in values:
        try:
            other = replan(name, value)
        except LithifyError as error:
            problem = problem or error.message
            continue
        return _difference(plan, other, around)
    return ArgumentImpact(problem=problem or "there is no other value to try")


def _difference(plan: Plan, other: Plan, around: KeySurroundings) -> ArgumentImpact:
    known = frozenset(definition_keys(other, around, _by_name))
    keys = definition_keys(plan, around, _by_name)
    steps = tuple(index for index, key in enumerate(keys) if key not in known)
    return ArgumentImpact(steps, _configs(plan) != _configs(other))


def _by_name(tree: ContextTree, path: str) -> str:
    """The same content wherever a plan names the same files."""
    return f"{tree.name}:{path}"


def _configs(plan: Plan) -> list[object]:
    return [(one.platform, one.config, one.author) for one in plan.results]


def waiting_s(plan: Plan, steps: Iterable[int], seconds: Sequence[float | None]) -> float:
    """How long the longest chain among steps takes, in seconds: what one waits if all else runs beside it."""
    wanted = frozenset(steps)
    until: dict[int, float] = {}
    for step in plan.steps:
        own = (seconds[step.index] or 0.0) if step.index in wanted else 0.0
        until[step.index] = own + max((until[one] for one in step.inputs), default=0.0)
    return max((until[index] for index in wanted), default=0.0)


def base_images(plan: Plan) -> dict[str, int]:
    """The images that a plan takes from elsewhere, and the steps that do."""
    return {
        step.op.image.reference: step.index for step in plan.steps if isinstance(step.op, ImageOp)
    }
