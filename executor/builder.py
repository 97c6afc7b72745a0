"""Owns what happens to one step: contents, key, lookup, work, record.

It stands between the scheduler (when) and the operations (how), and is the only place that decides whether a step
is cached. Keys come from the compiler through a callable, so that the executor never sees the planner. It refuses
to order steps and to make images.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lithify.cache.digest import chain_ids
from lithify.cache.history import Project
from lithify.cache.ports import CacheRecord
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    ContextTree,
    CopyOp,
    ImageOp,
    InlineSource,
    RunOp,
    TreeSource,
    WorkdirOp,
)
from lithify.errors import BuildError, LithifyError
from lithify.executor import events
from lithify.executor.explaining import Explainer
from lithify.executor.ops.files import FileWork
from lithify.executor.reasons import FIRST_RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.cache.digest import CacheKey
    from lithify.cache.ports import Layer, Leaf
    from lithify.compiler.plan import Mount, Plan, Source, Step, Tree
    from lithify.executor.fingerprint import Listing
    from lithify.executor.services import Services


class StepKeys(Protocol):
    """Gives a step's key from the content of everything it stands on."""

    def __call__(
        self, step: Step, parent: str, contents: tuple[str, ...]
    ) -> tuple[CacheKey, tuple[Leaf, ...]]:
        """`parent` is the chain id ('' for an empty file system); `contents` run parallel to the sources
        of a CopyOp or the mounts of a RunOp."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The file system after a step."""

    layers: tuple[Layer, ...]
    cached: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A step before the build: its key (None: depends on what has not run yet), and whether it is cached."""

    key: CacheKey | None
    is_cached: bool


def chain_of(layers: tuple[Layer, ...]) -> str:
    """The chain id of a file system; empty for none."""
    return chain_ids(layer.diff_id for layer in layers)[-1] if layers else ""


class StepBuilder:
    """Builds the steps of one plan; thread-safe."""

    def __init__(
        self,
        plan: Plan,
        services: Services,
        keys: StepKeys,
        emit: Callable[[events.Event], None],
        project: Project | None = None,
    ) -> None:
        self._plan = plan
        self._services = services
        self._keys = keys
        self._emit = emit
        self._files = FileWork(services)
        self.explainer = Explainer(plan, services, project or Project())
        self._is_prepared = False

    def build(self, index: int, inputs: Mapping[int, Outcome]) -> Outcome:
        """The file system after a step, from the cache or by doing it. Raises LithifyError."""
        step = self._plan.steps[index]
        started = time.monotonic()
        try:
            return self._build(step, inputs, started)
        except LithifyError as error:
            if error.span is None:
                error.span = step.span
            seconds = time.monotonic() - started
            self.explainer.failed(step, seconds)
            self._emit(events.StepErred(index, seconds, error))
            raise

    def close(self) -> None:
        """Keep what was learned for the next build; idempotent."""
        self._files.close()

    def listings(self) -> tuple[Listing, ...] | None:
        """What was taken from contexts; None if it can't be compared with a later state of them."""
        return self._files.listings()

    def preview(self) -> tuple[Preview, ...]:
        """What `build` would find for each step, without doing anything. Raises LithifyError.

        The key of a step is only known when the content of all it stands on is."""
        known: dict[int, tuple[Layer, ...]] = {}
        seen = []
        for step in self._plan.steps:
            if isinstance(step.op, ImageOp):
                known[step.index] = step.op.image.layers
                seen.append(Preview(self._keys(step, "", ())[0], True))
            elif any(one not in known for one in step.inputs):
                seen.append(Preview(None, False))
            else:
                parent = known[step.parent] if step.parent is not None else ()
                key, _ = self._keys(step, chain_of(parent), self._contents(step, known))
                found = self._find(step, key)
                if found is not None:
                    known[step.index] = (*parent, found)
                seen.append(Preview(key, found is not None))
        return tuple(seen)

    def context_content(self, tree: ContextTree, path: str) -> str:
        """Names what a path or pattern of a context holds, for keys by definition. Raises BuildError."""
        source = TreeSource(tree, path, path)
        return self._files.selection_digest(source, CopyOp("COPY", (source,), "/"), {})

    def _build(self, step: Step, inputs: Mapping[int, Outcome], started: float) -> Outcome:
        self._services.cancellation.check()
        if isinstance(step.op, ImageOp):
            self.explainer.based(step)
            self._emit(events.StepCached(step.index))
            return Outcome(step.op.image.layers, True)
        layers = {one: outcome.layers for one, outcome in inputs.items()}
        parent = layers[step.parent] if step.parent is not None else ()
        key, leaves = self._keys(step, chain_of(parent), self._contents(step, layers))
        self.explainer.keyed(step, key, leaves)
        below = () if isinstance(step.op, CopyOp) and step.op.link else parent
        if (found := self._find(step, key)) is not None:
            return self._cached(step, (*parent, found))
        with self._services.store.lock(f"step-{key}"):
            # Another build may have made it while this one waited.
            if (found := self._find(step, key)) is not None:
                return self._cached(step, (*parent, found))
            self._emit(events.StepStarted(step.index))
            self._prepare_sandbox()
            layer = self._do(step, below, layers)
            why = self.explainer.why(step)
            record = CacheRecord(key, layer, leaves, self._services.clock())
            self._services.store.records.put(record, step=step.name)
        seconds = time.monotonic() - started
        self.explainer.ran(step, (*parent, layer), seconds, why)
        self._emit(events.StepFinished(step.index, seconds, why[0], why[0] != FIRST_RUN))
        return Outcome((*parent, layer), False)

    def _cached(self, step: Step, layers: tuple[Layer, ...]) -> Outcome:
        self.explainer.cached(step, layers)
        self._emit(events.StepCached(step.index))
        return Outcome(layers, True)

    def _prepare_sandbox(self) -> None:
        """After the first miss further ones are likely: what RUN steps need starts meanwhile."""
        runs = [step.op for step in self._plan.steps if isinstance(step.op, RunOp)]
        if runs and not self._is_prepared:
            self._is_prepared = True
            self._services.sandbox.get().prepare(
                network=any(op.network == "default" for op in runs)
            )

    def _find(self, step: Step, key: CacheKey) -> Layer | None:
        if step.no_cache:
            return None
        record = self._services.store.records.get(key)
        if record is None:
            return None
        if not self._services.store.blobs.holds(record.layer.descriptor):
            self._services.store.records.delete(key)
            return None
        return record.layer

    def _do(
        self, step: Step, parent: tuple[Layer, ...], layers: Mapping[int, tuple[Layer, ...]]
    ) -> Layer:
        match step.op:
            case RunOp():
                return self._run(step, step.op, parent, layers)
            case CopyOp():
                return self._files.copy(step.op, parent, layers)
            case WorkdirOp():
                return self._files.workdir(step.op, parent)
            case ImageOp():
                raise AssertionError("a base image is not done")

    def _run(
        self,
        step: Step,
        op: RunOp,
        parent: tuple[Layer, ...],
        layers: Mapping[int, tuple[Layer, ...]],
    ) -> Layer:
        from lithify.executor.ops.run import run_process  # loads the sandbox only when needed

        def layers_of(tree: Tree, source: str) -> tuple[tuple[Layer, ...], str]:
            return self._files.layers_of(tree, source, layers)

        def emit(stream: str, data: bytes) -> None:
            self._emit(events.StepOutput(step.index, stream, data))

        result = run_process(self._services, step, op, parent, layers_of, emit)
        for note in result.notes:
            self._emit(events.StepNote(step.index, note))
        return result.layer

    def _contents(self, step: Step, layers: Mapping[int, tuple[Layer, ...]]) -> tuple[str, ...]:
        """The content of every source or mount of a step, in their order; '' where the plan says all."""
        if isinstance(step.op, CopyOp):
            return tuple(
                self._source_content(step, one, step.op, layers) for one in step.op.sources
            )
        if isinstance(step.op, RunOp):
            return tuple(self._mount_content(mount, layers) for mount in step.op.mounts)
        return ()

    def _source_content(
        self, step: Step, source: Source, op: CopyOp, layers: Mapping[int, tuple[Layer, ...]]
    ) -> str:
        if isinstance(source, InlineSource):
            return hashlib.sha256(source.content).hexdigest()
        if isinstance(source, TreeSource):
            try:
                return self._files.selection_digest(source, op, layers)
            except BuildError as error:
                error.span = error.span or step.span.narrowed(source.as_written)
                raise
        return self._files.remote_content(source)

    def _mount_content(self, mount: Mount, layers: Mapping[int, tuple[Layer, ...]]) -> str:
        if not isinstance(mount, BindMount | CacheMount) or mount.tree is None:
            return ""
        # A mounted tree shows its (canonical) times, so the layers that hold it name it.
        held, subpath = self._files.layers_of(mount.tree, mount.source, layers)
        return f"{chain_of(held)}:{subpath}"
