"""Owns the fetching of blobs when they are needed: several at a time, once each, mirrors in order.

A base image that is only built upon needs no layer here until a step unpacks it or an export takes it. So layers are
only offered, with the places they can be had from; the first one that is missed starts the download of all those of its
image. It refuses to fetch what nobody offered.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lithify.errors import ContentError, ImageNotFound, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.store import Store

TRANSFERS = 4
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


@dataclass(frozen=True, slots=True)
class Offer:
    """Blobs of one image, and where they can be had; no place: nowhere any more."""

    name: str
    descriptors: tuple[Descriptor, ...]
    repositories: tuple[Repository, ...]


def remember_origin(store: Store, repository: Repository, descriptor: Descriptor) -> None:
    """Remember where a registry has a blob, so that it can be mounted from there. Raises StoreError."""
    if known_origin(store, repository, descriptor) != repository.location.repository:
        key = f"{repository.location.host} {descriptor.digest}"
        store.records.memo_put(_ORIGIN, key, repository.location.repository)


def known_origin(store: Store, repository: Repository, descriptor: Descriptor) -> str | None:
    """A repository of the same registry that has a blob, as far as we know. Raises StoreError."""
    return store.records.memo_get(_ORIGIN, f"{repository.location.host} {descriptor.digest}")


def fetch_blob(
    repositories: Iterable[Repository], descriptor: Descriptor, store: Store, count: Counter
) -> None:
    """Take a blob from the first place that gives it; the last error if none does.

    What another process fetches meanwhile is waited for. Raises RegistryError, ContentError."""
    with store.lock(f"fetch {descriptor.digest}"):
        if store.blobs.holds(descriptor):
            count(descriptor.size)
            return
        failure: RegistryError | ContentError | None = None
        for repository in repositories:
            received = 0

            def add(number: int) -> None:
                nonlocal received
                received += number
                count(number)

            try:
                repository.download(descriptor, store.blobs, add)
            except (RegistryError, ContentError) as error:
                failure = error
                count(-received)
            else:
                remember_origin(store, repository, descriptor)
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
        self._running: dict[Digest, Future[None]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def offer(self, offer: Offer) -> None:
        """Make blobs known; an offer with places replaces one without."""
        with self._lock:
            for one in offer.descriptors:
                if offer.repositories or one.digest not in self._offers:
                    self._offers[one.digest] = offer

    def fetch(self, digest: Digest) -> bool:
        """Get a missing blob, and start to get those it was offered with; False if it was not offered.

        Raises RegistryError, ContentError, ImageNotFound (offered, but fetching is not allowed)."""
        with self._lock:
            offer = self._offers.get(digest)
            if offer is None:
                return False
            if not offer.repositories:
                raise ImageNotFound(
                    f"{offer.name}: the layer {digest.short} is not in the store",
                    hint="it may not be fetched now: leave out --offline and --pull=never",
                )
            self._start(offer, digest)
            future = self._running[digest]
        future.result()
        return True

    def complete(self, descriptors: Iterable[Descriptor]) -> None:
        """Get all of these that are missing. Raises as `fetch`."""
        for one in descriptors:
            if not self._store.blobs.holds(one):
                self.fetch(one.digest)

    def close(self) -> None:
        """Fetch nothing more; what runs is waited for. Idempotent."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._offers = {}
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
            future = self._pool.submit(fetch_blob, offer.repositories, one, self._store, count)
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
