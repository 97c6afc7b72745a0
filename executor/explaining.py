"""Owns the answer to "why did this step run", and the account of what a build did.

A step is compared with the nearest earlier attempt at it: in the last builds of the same project, the step of the
same instruction, or where that was edited, the one that stood in its place. Without such a build, a result of a step
of the same name on the same content will do. Shared caches tell of the builds that published them in the same way. It
refuses to influence whether a step is cached.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lithify.cache.digest import chain_ids
from lithify.cache.history import BuildHistory, BuildRecord, Project, StepRecord
from lithify.compiler.plan import CopyOp, ImageOp, RunOp
from lithify.errors import LithifyError
from lithify.executor import reasons
from lithify.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.cache.digest import CacheKey
    from lithify.cache.ports import Layer, Leaf
    from lithify.compiler.plan import Plan, Step
    from lithify.executor.services import Services
    from lithify.executor.testimony import Earlier

#: How many earlier builds of a project are looked at.
_MOST_BUILDS = 10


class Explainer:
    """Follows the steps of one build; thread-safe."""

    def __init__(self, plan: Plan, services: Services, project: Project) -> None:
        self._plan = plan
        self._services = services
        self._project = project
        self._history = BuildHistory(services.store.records)
        self._lock = threading.Lock()
        self._related: tuple[Sequence[StepRecord], ...] | None = None
        self.steps = [_waiting(step) for step in plan.steps]

    # -- what happened ---------------------------------------------------------------------------

    def based(self, step: Step) -> None:
        """A base image was there."""
        if isinstance(step.op, ImageOp):
            chain = _chain(step.op.image.layers)
            self._change(step, outcome="cached", layer=chain, chain=chain)

    def keyed(self, step: Step, key: CacheKey, leaves: tuple[Leaf, ...]) -> None:
        """The key of a step is known."""
        self._change(step, key=key, leaves=leaves)

    def cached(self, step: Step, layers: tuple[Layer, ...]) -> None:
        """A step's result was found; `layers` are the file system after it."""
        self._change(step, outcome="cached", layer=layers[-1].diff_id, chain=_chain(layers))

    def ran(
        self, step: Step, layers: tuple[Layer, ...], seconds: float, why: tuple[str, ...]
    ) -> None:
        """A step ran and made the last of `layers`."""
        self._change(
            step,
            outcome="ran",
            layer=layers[-1].diff_id,
            chain=_chain(layers),
            seconds=seconds,
            reasons=why,
        )

    def failed(self, step: Step, seconds: float) -> None:
        """A step ended without a result."""
        self._change(step, outcome="failed", seconds=seconds)

    def remember(self, digest: str, seconds: float, error: str = "") -> None:
        """Store the account of the build. What prevents that is no reason to fail a build."""
        build = BuildRecord(
            self._services.clock(), self._project, digest, seconds, tuple(self.steps), error
        )
        try:
            self._history.add(build)
        except LithifyError:
            return

    def _change(self, step: Step, **changed: object) -> None:
        self.steps[step.index] = replace(self.steps[step.index], **changed)  # type: ignore[arg-type]

    # -- why -------------------------------------------------------------------------------------

    def why(self, step: Step) -> tuple[str, ...]:
        """Why a step whose key is known is not cached; the first line says it, others add to it."""
        if step.no_cache:
            return (reasons.NO_CACHE,)
        own = self.steps[step.index]
        earlier = self._nearest(own)
        if earlier is None:
            return self._by_records(step, own)
        found = reasons.changes(own.leaves, earlier.step.leaves)
        if found:
            return self._phrases(step, found, earlier)
        if own.key != earlier.step.key:
            return (reasons.OTHER_FORM,)
        return (reasons.FAILED_BEFORE if earlier.step.outcome == "failed" else reasons.GONE,)

    def _by_records(self, step: Step, own: StepRecord) -> tuple[str, ...]:
        """Against results without the account of a build, as they come from elsewhere."""
        from lithify.executor.testimony import Earlier

        earlier = [
            record
            for record in self._services.store.records.of_step(step.name)
            if _parent(record.leaves) == _parent(own.leaves)
        ]
        if not earlier:
            return (reasons.FIRST_RUN,)
        nearest = min(earlier, key=lambda one: len(reasons.changes(own.leaves, one.leaves)))
        if found := reasons.changes(own.leaves, nearest.leaves):
            return self._phrases(step, found, Earlier(own, ()))
        return (reasons.GONE if nearest.key == own.key else reasons.OTHER_FORM,)

    def _phrases(
        self, step: Step, found: Sequence[reasons.Change], earlier: Earlier
    ) -> tuple[str, ...]:
        from lithify.executor.testimony import StepWitness

        witness = StepWitness(self._services, self._plan, step, self.steps, earlier)
        try:
            return reasons.phrases(found, witness)
        except (ValueError, LookupError, TypeError, AttributeError):
            # Records may come from elsewhere, and then say anything.
            return (reasons.UNCLEAR,)

    def _nearest(self, own: StepRecord) -> Earlier | None:
        from lithify.executor.testimony import Earlier  # only a step that runs needs it

        texts = {(one.stage, one.text) for one in self.steps}
        best: tuple[tuple[int, int, int], Earlier] | None = None
        for steps in self._related_builds():
            for one in steps:
                rank = _rank(one, own, texts)
                if rank is None:
                    continue
                changed = len(reasons.changes(own.leaves, one.leaves))
                score = (rank, abs(one.place - own.place), changed)
                if best is None or score < best[0]:
                    best = (score, Earlier(one, steps))
        return None if best is None else best[1]

    def _related_builds(self) -> tuple[Sequence[StepRecord], ...]:
        """The steps of builds to compare with: of this store first, then of shared caches that were named."""
        with self._lock:
            if self._related is None:
                here = [build.steps for build in self._find_related()][:_MOST_BUILDS]
                shared = self._services.shared
                self._related = (*here, *(shared.accounts() if shared is not None else ()))
            return self._related

    def _find_related(self) -> Iterator[BuildRecord]:
        names = [step.name for step in self.steps]
        for build in self._history.latest():
            other = build.project
            is_same_place = (other.context, other.dockerfile) == (
                self._project.context,
                self._project.dockerfile,
            )
            has_same_name = not set(other.names).isdisjoint(self._project.names)
            if is_same_place or has_same_name or [one.name for one in build.steps] == names:
                yield build


def _waiting(step: Step) -> StepRecord:
    origin = ""
    if isinstance(step.op, ImageOp):
        origin = f"{step.op.image.reference}@{step.op.image.manifest.digest}"
    return StepRecord(
        step.name, step.stage, _kind(step), step.parent, str(step.platform), origin=origin
    )


def _kind(step: Step) -> str:
    match step.op:
        case RunOp():
            return "RUN"
        case CopyOp(keyword=keyword):
            return keyword
        case ImageOp():
            return "FROM"
        case _:
            return "WORKDIR"


def _rank(one: StepRecord, own: StepRecord, texts: set[tuple[str, str]]) -> int | None:
    """How surely a step of an earlier build is this one; None if it is not, or was never looked up.

    A step that still is in the file as it was is not what an edited one has been."""
    if one.kind != own.kind or not one.leaves:
        return None
    if one.text == own.text:
        return (one.stage != own.stage) * 2 + (one.platform != own.platform)
    is_there = one.stage == own.stage and one.place == own.place
    if is_there and (one.stage, one.text) not in texts:
        return 4 + (one.platform != own.platform)
    return None


def _parent(leaves: Sequence[Leaf]) -> str:
    return next((leaf.value for leaf in leaves if leaf.name == "parent"), "")


def _chain(layers: Sequence[Layer]) -> str:
    return chain_ids(layer.diff_id for layer in layers)[-1] if layers else ""
