"""Owns the way of a build's results into shared caches: layers while later steps run, the index when all is done.

Compression and transfer of one step's layer need nothing of the others, so they start when the step ends; whoever reads
the cache sees nothing before the index names it. A build that fails or is stopped publishes nothing. It refuses to know
where caches are.
"""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from lithify.cache.digest import Digest
from lithify.cache.history import BuildHistory
from lithify.cache.oci import Descriptor, Manifest, go_json
from lithify.cache.shared.document import (
    MEDIA_FILES,
    MEDIA_RECORDS,
    CacheDocument,
    SharedStep,
    render_inline,
)
from lithify.compiler.plan import ImageOp
from lithify.errors import Cancelled, LithifyError, LostBlob
from lithify.executor import events
from lithify.executor.export.compression import codec_of, layer_blob
from lithify.executor.testimony import contents_of, list_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future

    from lithify.cache.history import StepRecord
    from lithify.cache.ports import Layer
    from lithify.cache.shared.places import CacheTarget
    from lithify.compiler.plan import Plan, PlannedImage, Step
    from lithify.executor.export.options import ImageOptions
    from lithify.executor.services import Services

_TRANSFERS = 3
#: A larger index is a blob of its own: registries take manifests of 4 MiB.
_MOST_EMBEDDED_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publication:
    """One `--cache-to`: where, with the layers of all steps or of the result's own, in which form."""

    target: CacheTarget
    is_max: bool
    options: ImageOptions
    ignores_errors: bool


class CachePublisher:
    """Publishes one build; a context manager that stops what is under way. `done` is thread-safe."""

    def __init__(
        self,
        plan: Plan,
        services: Services,
        publications: Sequence[Publication],
        emit: Callable[[events.Event], None],
    ) -> None:
        self._services = services
        self._publications = publications
        self._emit = emit
        self._own = steps_of_results(plan)
        self._layers: dict[int, Layer] = {}
        self._sizes: dict[str, int] = {}
        self._sent: dict[tuple[int, int, str], Future[Descriptor | None]] = {}
        self._pool = ThreadPoolExecutor(_TRANSFERS, "publish") if publications else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def done(self, step: Step, layer: Layer) -> None:
        """A step's result is there, made or found: start to publish it."""
        self._layers[step.index] = layer
        self._sizes[layer.diff_id] = layer.descriptor.size
        for number, one in enumerate(self._publications):
            place = (number, step.index, str(layer.diff_id))
            if (one.is_max or step.index in self._own) and place not in self._sent:
                assert self._pool is not None
                self._sent[place] = self._pool.submit(self._send, one, layer)

    def finish(self, steps: Sequence[StepRecord], selections: Mapping[str, str]) -> None:
        """Wait for the layers and publish the indexes. Raises LithifyError unless that is to be ignored."""
        for number, one in enumerate(self._publications):
            started = time.monotonic()
            phase = f"publishing the cache {one.target.name}"
            self._emit(events.PhaseStarted(phase))
            try:
                self._finish(number, one, steps, selections)
            except Cancelled:
                raise
            except LithifyError as error:
                if not one.ignores_errors:
                    error.message = f"cannot publish the cache {one.target.name}: {error.message}"
                    raise
                self._emit(events.Warned("CacheNotPublished", error.message))
            self._emit(events.PhaseFinished(phase, time.monotonic() - started))

    def inline(
        self,
        plan: Plan,
        planned: PlannedImage,
        steps: Sequence[StepRecord],
        selections: Mapping[str, str],
    ) -> str:
        """The cache that an image carries in its config: of all steps that led to it."""
        wanted: set[int] = set()
        open_ends = [] if planned.output is None else [planned.output]
        while open_ends:
            index = open_ends.pop()
            if index not in wanted:
                wanted.add(index)
                open_ends += plan.steps[index].inputs
        return render_inline(
            (self._shared(steps[index], None, "") for index in sorted(wanted)), selections
        )

    def _send(self, one: Publication, layer: Layer) -> Descriptor | None:
        """The blob of a layer, sent; None if another cache promised it and does not give it."""
        try:
            blob = layer_blob(self._services.store, layer, one.options)
            one.target.send(blob)
        except LostBlob:
            return None
        return blob

    def _finish(
        self,
        number: int,
        one: Publication,
        steps: Sequence[StepRecord],
        selections: Mapping[str, str],
    ) -> None:
        codec = codec_of(one.options)
        shared = []
        for index, record in enumerate(steps):
            layer = self._layers.get(index)
            future = self._sent.get((number, index, str(layer.diff_id))) if layer else None
            blob = None if future is None else future.result()
            shared.append(self._shared(record, blob, codec))
        files = self._send_files(one.target, steps)
        raw = CacheDocument(tuple(shared), selections, files).render()
        config = Descriptor(MEDIA_RECORDS, Digest.of(raw), len(raw))
        one.target.send(config, raw)
        self._services.cancellation.check()
        one.target.publish(_manifest(config, raw, shared, files))

    def _shared(self, record: StepRecord, blob: Descriptor | None, codec: str) -> SharedStep:
        """What is told of a step: nothing that differs between equal builds."""
        told = replace(record, outcome="cached", seconds=0.0, reasons=())
        size = self._sizes.get(record.layer, 0)
        return SharedStep(told, size, blob, codec if blob is not None else "")

    def _send_files(
        self, target: CacheTarget, steps: Sequence[StepRecord]
    ) -> dict[str, Descriptor]:
        """Send the lists of files that leaves name, as far as they are known."""
        found: dict[str, Descriptor] = {}
        records = self._services.store.records
        history = BuildHistory(records)
        shared = self._services.shared
        for content in {one for step in steps for one in contents_of(step.leaves)}:
            packed = history.packed_manifest(list_name(records, content))
            if packed is None and shared is not None:
                packed = shared.packed_file_list(content)
            if packed is not None:
                found[content] = Descriptor(MEDIA_FILES, Digest.of(packed), len(packed))
                target.send(found[content], packed)
        return found


def steps_of_results(plan: Plan) -> frozenset[int]:
    """The steps whose layers are in an image of the result."""
    found: set[int] = set()
    for planned in plan.results:
        index = planned.output
        while index is not None and index not in found:
            found.add(index)
            index = plan.steps[index].parent
    return frozenset(one for one in found if not isinstance(plan.steps[one].op, ImageOp))


def _manifest(
    config: Descriptor, raw: bytes, steps: Sequence[SharedStep], files: Mapping[str, Descriptor]
) -> Manifest:
    """An image manifest over all blobs, so that registries keep them, with the index inside while it is small."""
    blobs = [step.blob for step in steps if step.blob is not None]
    blobs += [files[name] for name in sorted(files)]
    layers = tuple({one.digest: one for one in blobs}.values())
    manifest = Manifest.make(config, layers)
    if len(raw) > _MOST_EMBEDDED_BYTES:
        return manifest
    value = json.loads(manifest.raw)
    value["config"]["data"] = base64.b64encode(raw).decode()
    return Manifest.parse(go_json(value, indent=2))
