"""Owns what shared caches know, for one build: results by key, contents by question, steps of other builds.

They are read when the store itself misses something for the first time, and never before; layers are offered to the
store's fetcher, which gets one when somebody reads it. What a cache does not keep of its promises is banned for the rest
of the build. It refuses to be asked before the store.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.history import unpacked_manifest
from lithify.cache.oci import MEDIA_LAYER, Descriptor
from lithify.cache.ports import CacheRecord, Layer
from lithify.cache.registry.fetching import Offer, SpareLayer
from lithify.cache.shared.document import MOST_FILE_LIST_BYTES
from lithify.errors import ContentError, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lithify.cache.history import StepRecord
    from lithify.cache.registry.fetching import BlobFetcher, BlobPlace
    from lithify.cache.shared.document import SharedStep
    from lithify.cache.shared.reading import ReadCache
    from lithify.cache.store import Store


class SharedRecords:
    """The caches of one build, in the order of their priority; thread-safe.

    `load` reads them and raises nothing but Cancelled; `fetcher` is asked for when something is found."""

    def __init__(
        self,
        store: Store,
        load: Callable[[], Sequence[ReadCache]],
        fetcher: Callable[[], BlobFetcher],
    ) -> None:
        self._store = store
        self._load = load
        self._fetcher = fetcher
        self._lock = threading.Lock()
        self._read: Sequence[ReadCache] | None = None
        self._by_key: dict[str, list[tuple[ReadCache, SharedStep]]] = {}
        self._banned: set[str] = set()
        self._used: dict[str, tuple[SharedStep, Layer]] = {}

    def find(self, key: CacheKey) -> Layer | None:
        """The layer of a key, in its plain form, whose bytes need not be here; they are offered now."""
        self._caches()
        with self._lock:
            found = [one for one in self._by_key.get(key, ()) if not self._is_banned(one[1])]
        if not found:
            return None
        diff_id = Digest(found[0][1].record.layer)
        same = [one for one in found if one[1].record.layer == diff_id]
        # One that has the bytes rather than one that only has the name.
        cache, step = next((one for one in same if one[1].blob is not None), same[0])
        layer = Layer(Descriptor(MEDIA_LAYER, diff_id, step.size), diff_id)
        places = [
            place
            for one, other in same
            if other.blob is not None and other.blob == step.blob
            for place in one.source.places()
        ]
        self._offer(cache, step, layer, tuple(places))
        with self._lock:
            self._used[key] = (step, layer)
        return layer

    def selection(self, question: str) -> str | None:
        """What a copy took of a stage, by the name of the question."""
        for cache in self._caches():
            if (found := cache.document.selections.get(question)) is not None:
                return found
        return None

    def accounts(self) -> Iterator[tuple[StepRecord, ...]]:
        """The steps of the builds that published, as far as they tell of them."""
        for cache in self._caches():
            if any(step.record.leaves for step in cache.document.steps):
                yield tuple(step.record for step in cache.document.steps)

    def file_list(self, content: str) -> bytes | None:
        """The list of files of a content, fetched; None if there is none or it is damaged."""
        packed = self.packed_file_list(content)
        return None if packed is None else unpacked_manifest(packed)

    def packed_file_list(self, content: str) -> bytes | None:
        """The same as it is kept, to be passed on."""
        for cache in self._caches():
            descriptor = cache.document.files.get(content)
            if descriptor is None:
                continue
            try:
                return cache.source.read(descriptor, MOST_FILE_LIST_BYTES)
            except (ContentError, RegistryError):
                continue
        return None

    def prefetch(self, layers: Iterable[Layer]) -> None:
        """These layers are needed soon."""
        self._fetcher().prefetch(layers)

    def is_banned(self, diff_id: Digest) -> bool:
        """Whether a layer was lost."""
        return diff_id in self._banned

    def is_only_known(self, diff_id: Digest) -> bool:
        """Whether nobody has more of a layer than its name."""
        with self._lock:
            steps = [step for step, layer in self._used.values() if layer.diff_id == diff_id]
        return bool(steps) and all(step.blob is None for step in steps)

    def ban(self, digests: Iterable[Digest]) -> bool:
        """Believe nothing of layers any more, named by the digest of either form; whether something changed."""
        lost = set(digests)
        with self._lock:
            before = len(self._banned)
            for steps in self._by_key.values():
                for _, step in steps:
                    is_lost = step.record.layer in lost
                    if is_lost or (step.blob is not None and step.blob.digest in lost):
                        self._banned.add(step.record.layer)
            self._used = {k: one for k, one in self._used.items() if not self._is_banned(one[0])}
            withdrawn = self._banned | lost
            changed = len(self._banned) > before
        for digest in withdrawn:
            self._fetcher().withdraw(Digest(digest))
        return changed

    def settle(self, now_s: float) -> None:
        """Record in the store what was used and is there now, so that it serves without the cache as well."""
        for key, (step, layer) in self._used.items():
            if self._store.blobs.holds(layer.descriptor):
                record = CacheRecord(CacheKey(key), layer, step.record.leaves, now_s)
                if self._store.records.get(record.key) is None:
                    self._store.records.put(record, step=step.record.name or key)

    def _offer(
        self, cache: ReadCache, step: SharedStep, layer: Layer, places: tuple[BlobPlace, ...]
    ) -> None:
        fetcher = self._fetcher()
        spare = SpareLayer(layer, step.blob, step.codec)
        if step.blob is None:
            fetcher.offer_layer(spare)
            return
        name = f"layer {step.blob.digest.short} of the cache {cache.source.name}"
        offer = Offer(name, (step.blob,), places, is_spare=True)
        fetcher.offer_layer(spare, offer)

    def _is_banned(self, step: SharedStep) -> bool:
        return step.record.layer in self._banned

    def _caches(self) -> Sequence[ReadCache]:
        with self._lock:
            if self._read is None:
                self._read = self._load()
                for cache in self._read:
                    for step in cache.document.steps:
                        if step.record.key:
                            self._by_key.setdefault(step.record.key, []).append((cache, step))
            return self._read
