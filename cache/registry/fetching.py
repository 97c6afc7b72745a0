"""Owns the fetching of blobs when they are needed: several at a time, once each, mirrors in order.

A base image that is only built upon needs no layer here until a step unpacks it or an export takes it. So layers are
only offered, with the places they can be had from; the first one that is missed starts the download of all those of its
image. Results of steps that a shared cache knows are offered in the same way, one by one; of those the plain layer is
asked for, which is made of the compressed one. It refuses to fetch what nobody offered.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lithify.cache.compression import open_plain
from lithify.cache.oci import MEDIA_LAYER, Descriptor
from lithify.cache.ports import Layer
from lithify.errors import ContentError, DigestMismatch, ImageNotFound, LostBlob, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.store import Store

TRANSFERS = 4
_COPY_BYTES = 1024 * 1024
_ORIGIN = "blob-origin"


class Reporter(Protocol):
    """Is told how a transfer goes on; called from any thread."""

    def start(self, what: str, total_bytes: int) -> Callable[[int], None]:
        """A transfer starts; what is returned takes the bytes that went through (negative: again)."""

    def end(self, what: str) -> None:
        """It is over, well or not."""


class SilentReporter:
    """For those who do not want to know."""

    def start(self, what: str, total_bytes: int) -> Callable[[int], None]:
        return lambda _: None

    def end(self, what: str) -> None:
        return None


class BlobPlace(Protocol):
    """Where a blob can be had."""

    @property
    def origin(self) -> tuple[str, str] | None:
        """Host and repository, if it is one from which a registry can take blobs over by itself."""

    def download(self, descriptor: Descriptor, blobs: FileBlobStore, count: Counter) -> None:
        """Take a blob into the store. Raises RegistryError, ContentError, StoreError."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Blobs of one image, and where they can be had; no place: nowhere any more.

    What is `spare` can be made again: that it can't be had is a LostBlob."""

    name: str
    descriptors: tuple[Descriptor, ...]
    places: tuple[BlobPlace, ...]
    is_spare: bool = False


@dataclass(frozen=True, slots=True)
class SpareLayer:
    """A layer of which a shared cache has the form that `codec` makes, or with None nothing but the name."""

    layer: Layer
    blob: Descriptor | None
    codec: str = ""


def remember_origin(store: Store, place: BlobPlace, descriptor: Descriptor) -> None:
    """Remember where a registry has a blob, so that it can be mounted from there. Raises StoreError."""
    if place.origin is not None:
        host, repository = place.origin
        key = f"{host} {descriptor.digest}"
        if store.records.memo_get(_ORIGIN, key) != repository:
            store.records.memo_put(_ORIGIN, key, repository)


def known_origin(store: Store, repository: Repository, descriptor: Descriptor) -> str | None:
    """A repository of the same registry that has a blob, as far as we know. Raises StoreError."""
    return store.records.memo_get(_ORIGIN, f"{repository.location.host} {descriptor.digest}")


def fetch_blob(
    places: Iterable[BlobPlace], descriptor: Descriptor, store: Store, count: Counter
) -> None:
    """Take a blob from the first place that gives it; the last error if none does.

    What another process fetches meanwhile is waited for. Raises RegistryError, ContentError."""
    with store.lock(f"fetch {descriptor.digest}"):
        if store.blobs.holds(descriptor):
            count(descriptor.size)
            return
        failure: RegistryError | ContentError | None = None
        for place in places:
            received = 0

            def add(number: int) -> None:
                nonlocal received
                received += number
                count(number)

            try:
                place.download(descriptor, store.blobs, add)
            except (RegistryError, ContentError) as error:
                failure = error
                count(-received)
            else:
                remember_origin(store, place, descriptor)
                return
        assert failure is not None
        raise failure


class BlobFetcher:
    """Fetches offered blobs on demand; thread-safe. Its `fetch` belongs into a blob store."""

    def __init__(self, store: Store, reporter: Reporter) -> None:
        self._store = store
        self._reporter = reporter
        self._lock = threading.Lock()
        self._offers: dict[Digest, Offer] = {}
        self._spare: dict[Digest, SpareLayer] = {}
        self._running: dict[Digest, Future[None]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def offer(self, offer: Offer) -> None:
        """Make blobs known; an offer with places replaces one without, a spare one replaces none."""
        with self._lock:
            for one in offer.descriptors:
                known = self._offers.get(one.digest)
                if known is None or (offer.places and (known.is_spare or not offer.is_spare)):
                    self._offers[one.digest] = offer

    def offer_layer(self, spare: SpareLayer, offer: Offer | None = None) -> None:
        """Make known how a plain layer is made of a compressed one, and where to have that."""
        if offer is not None:
            self.offer(offer)
        with self._lock:
            self._spare[spare.layer.diff_id] = spare

    def withdraw(self, digest: Digest) -> None:
        """Forget what a shared cache could not give, by the digest of either form of the layer."""
        with self._lock:
            for diff_id, one in list(self._spare.items()):
                if digest == diff_id or (one.blob is not None and one.blob.digest == digest):
                    del self._spare[diff_id]
            offer = self._offers.get(digest)
            if offer is not None and offer.is_spare:
                del self._offers[digest]

    def compressed(self, diff_id: Digest, codec: str) -> Descriptor | None:
        """The form of a spare layer that a codec makes, if that is what is offered."""
        spare = self._spare.get(diff_id)
        return spare.blob if spare is not None and codec and spare.codec == codec else None

    def fetch(self, digest: Digest) -> bool:
        """Get a missing blob, and start to get those it was offered with; False if it was not offered.

        Raises RegistryError, ContentError, ImageNotFound (offered, but fetching is not allowed), LostBlob."""
        with self._lock:
            offer = self._offers.get(digest)
            spare = self._spare.get(digest)
        if offer is not None:
            self._fetch(offer, digest)
        elif spare is not None:
            self._make_plain(spare)
        return offer is not None or spare is not None

    def prefetch(self, layers: Iterable[Layer]) -> None:
        """Start to get what a shared cache has of these layers, for they are needed soon."""
        with self._lock:
            for layer in layers:
                spare = self._spare.get(layer.diff_id)
                blob = None if spare is None else spare.blob
                offer = None if blob is None else self._offers.get(blob.digest)
                if blob is None or offer is None or not offer.is_spare:
                    continue
                if not self._store.blobs.holds(layer.descriptor):
                    self._start(offer, blob.digest)

    def _make_plain(self, spare: SpareLayer) -> None:
        """Decompress a layer into the store; its digest is that of what was promised. Raises LostBlob."""
        digest, size = spare.layer.diff_id, spare.layer.descriptor.size
        if spare.blob is None:
            raise LostBlob(f"the cache only knows the name of layer {digest.short}", digest=digest)
        store = self._store
        with store.lock(f"fetch {digest}"):
            if store.blobs.holds(spare.layer.descriptor):
                return
            try:
                source = open_plain(store.blobs, Layer(spare.blob, digest))
                with source, store.blobs.writer() as writer:
                    copied = 0
                    while copied <= size and (data := source.read(_COPY_BYTES)):
                        copied += writer.write(data)
                    if copied != size:
                        raise DigestMismatch(f"layer {digest.short} has not the size {size}")
                    writer.commit(MEDIA_LAYER, digest)
            except (ContentError, RegistryError) as error:
                raise LostBlob(error.message, digest=digest) from error
        if spare.codec:
            store.records.remember_compressed(digest, spare.codec, spare.blob)

    def _fetch(self, offer: Offer, digest: Digest) -> None:
        with self._lock:
            if not offer.places:
                raise ImageNotFound(
                    f"{offer.name}: the layer {digest.short} is not in the store",
                    hint="it may not be fetched now: leave out --offline and --pull=never",
                )
            self._start(offer, digest)
            future = self._running.get(digest)
        try:
            if future is not None:
                future.result()
        except (ContentError, RegistryError) as error:
            if not offer.is_spare:
                raise
            raise LostBlob(error.message, digest=digest) from error

    def complete(self, descriptors: Iterable[Descriptor]) -> None:
        """Get all of these that are missing. Raises as `fetch`."""
        for one in descriptors:
            if not self._store.blobs.holds(one):
                self.fetch(one.digest)

    def close(self) -> None:
        """Fetch nothing more; what runs is waited for. Idempotent."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._offers, self._spare = {}, {}
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _start(self, offer: Offer, wanted: Digest) -> None:
        """Submit what is missing of an offer, the wanted blob first. The caller holds the lock."""
        missing = [
            one
            for one in sorted(offer.descriptors, key=lambda one: one.digest != wanted)
            if self._may_start(one.digest) and not self._store.blobs.holds(one)
        ]
        missing = list({one.digest: one for one in missing}.values())
        if not missing:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(TRANSFERS, "fetch")
        what = f"pulling {offer.name}"
        count = self._reporter.start(what, sum(one.size for one in missing))
        left = _Countdown(len(missing), lambda: self._reporter.end(what))
        for one in missing:
            future = self._pool.submit(fetch_blob, offer.places, one, self._store, count)
            self._running[one.digest] = future
            future.add_done_callback(left)

    def _may_start(self, digest: Digest) -> bool:
        """Whether it does not run already; what ended may run again, for a blob may get lost."""
        running = self._running.get(digest)
        return running is None or running.done()


class _Countdown:
    def __init__(self, number: int, at_end: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._left = number
        self._at_end = at_end

    def __call__(self, _: Future[None]) -> None:
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self._at_end()
