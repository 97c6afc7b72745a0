"""Owns what happens to one step: contents, key, lookup, work, record.

It stands between the scheduler (when) and the operations (how), and is the only place that decides whether a step
is cached. Keys come from the compiler through a callable, so that the executor never sees the planner. What a shared
cache promised and does not give is `lost`: nothing fails, the steps that need it end without a result, and the same
steps are built once more without that promise. It refuses to order steps and to make images.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Protocol

from lithify.cache.digest import Digest, chain_ids
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
from lithify.errors import BuildError, LithifyError, LostBlob
from lithify.executor import events
from lithify.executor.explaining import Explainer
from lithify.executor.ops.files import FileWork
from lithify.executor.reasons import FIRST_RUN
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
    """The file system after a step; `lost`: there is none, for what it needs can't be had."""

    layers: tuple[Layer, ...]
    cached: bool
    lost: bool = False


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
        on_done: Callable[[Step, Layer], None] = lambda step, layer: None,
    ) -> None:
        self._plan = plan
        self._services = services
        self._keys = keys
        self._emit = emit
        self._files = FileWork(services)
        self.explainer = Explainer(plan, services, project or Project())
        self._is_prepared = False
        self._on_done = on_done
        #: What this build did already, for when it is to be done once more.
        self._done: dict[int, tuple[CacheKey | None, Outcome]] = {}
        self._lost: dict[Digest, str] = {}

    def build(self, index: int, inputs: Mapping[int, Outcome]) -> Outcome:
        """The file system after a step, from the cache or by doing it. Raises LithifyError."""
        step = self._plan.steps[index]
        started = time.monotonic()
        if any(one.lost for one in inputs.values()):
            return Outcome((), False, lost=True)
        try:
            return self._build(step, inputs, started)
        except LostBlob as error:
            self._lost[Digest(error.digest)] = error.message
            self._lose_all(layer for one in inputs.values() for layer in one.layers)
            return Outcome((), False, lost=True)
        except LithifyError as error:
            if error.span is None:
                error.span = step.span
            seconds = time.monotonic() - started
            self.explainer.failed(step, seconds)
            self._emit(events.StepErred(index, seconds, error))
            raise

    def lose(self, lost: LostBlob) -> None:
        """What is said here, by the one who missed it, to be forgotten."""
        self._lost[Digest(lost.digest)] = lost.message

    def forget_lost(self) -> bool:
        """Believe no more in what was lost; whether something was, so that the steps must be built once more.

        Raises LostBlob if that would change nothing."""
        if not self._lost:
            return False
        lost, self._lost = self._lost, {}
        shared = self._services.shared
        digest, message = next(iter(lost.items()))
        if shared is None or not shared.ban(lost):
            raise LostBlob(message, digest=digest)
        said = f"a cached layer is not to be had, its step runs again: {message}"
        self._emit(events.Warned("CacheNotUsable", said))
        self._files.selections.clear()
        self._done = {
            index: (key, outcome)
            for index, (key, outcome) in self._done.items()
            if not any(shared.is_banned(layer.diff_id) for layer in outcome.layers)
        }
        return True

    def _lose_all(self, layers: Iterable[Layer]) -> None:
        """Of what a step stands on, all that is nowhere is lost at once, not one after the other."""
        shared, blobs = self._services.shared, self._services.store.blobs
        if shared is None:
            return
        for layer in layers:
            if shared.is_only_known(layer.diff_id) and not blobs.holds(layer.descriptor):
                self._lost.setdefault(layer.diff_id, "nothing but its name is in the cache")

    @property
    def selections(self) -> Mapping[str, str]:
        """What was taken of stages and images, by the name of the question."""
        return self._files.selections

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

    def context_content(self, tree: ContextTree, path: str, op: CopyOp | None = None) -> str:
        """Names what a path or pattern of a context holds, or what `op` takes of it. Raises BuildError."""
        source = TreeSource(tree, path, path)
        return self._files.selection_digest(source, op or CopyOp("COPY", (source,), "/"), {})

    def _build(self, step: Step, inputs: Mapping[int, Outcome], started: float) -> Outcome:
        self._services.cancellation.check()
        if isinstance(step.op, ImageOp):
            if step.index not in self._done:
                self.explainer.based(step)
                self._emit(events.StepCached(step.index))
            return self._known(step, None, Outcome(step.op.image.layers, True))
        layers = {one: outcome.layers for one, outcome in inputs.items()}
        parent = layers[step.parent] if step.parent is not None else ()
        key, leaves = self._keys(step, chain_of(parent), self._contents(step, layers))
        known = self._done.get(step.index)
        if known is not None and known[0] == key:
            return known[1]
        self.explainer.keyed(step, key, leaves)
        below = () if isinstance(step.op, CopyOp) and step.op.link else parent
        if (found := self._find(step, key)) is not None:
            return self._cached(step, key, (*parent, found))
        with self._services.store.lock(f"step-{key}"):
            # Another build may have made it while this one waited.
            if (found := self._find(step, key)) is not None:
                return self._cached(step, key, (*parent, found))
            self._emit(events.StepStarted(step.index))
            self._prepare_sandbox()
            layer = self._do(step, below, layers)
            why = self.explainer.why(step)
            record = CacheRecord(key, layer, leaves, self._services.clock())
            self._services.store.records.put(record, step=step.name)
        seconds = time.monotonic() - started
        self.explainer.ran(step, (*parent, layer), seconds, why)
        self._emit(events.StepFinished(step.index, seconds, why[0], why[0] != FIRST_RUN))
        return self._known(step, key, Outcome((*parent, layer), False))

    def _cached(self, step: Step, key: CacheKey, layers: tuple[Layer, ...]) -> Outcome:
        self.explainer.cached(step, layers)
        self._emit(events.StepCached(step.index))
        return self._known(step, key, Outcome(layers, True))

    def _known(self, step: Step, key: CacheKey | None, outcome: Outcome) -> Outcome:
        self._done[step.index] = (key, outcome)
        if key is not None:
            self._on_done(step, outcome.layers[-1])
        return outcome

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
        if record is not None:
            if self._services.store.blobs.holds(record.layer.descriptor):
                return record.layer
            self._services.store.records.delete(key)
        shared = self._services.shared
        return None if shared is None else shared.find(key)

    def _do(
        self, step: Step, parent: tuple[Layer, ...], layers: Mapping[int, tuple[Layer, ...]]
    ) -> Layer:
        if self._services.shared is not None:
            self._services.shared.prefetch(
                (*parent, *(one for got in layers.values() for one in got))
            )
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
