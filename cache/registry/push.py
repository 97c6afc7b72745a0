"""Owns the way of images from a store to a registry: blobs, then manifests, then the index, then the names.

A blob that the registry has is not sent, one that it has in another repository is mounted from there; only then is a
blob that is not in the store fetched at all. So a reader of the registry never sees a manifest without its content. It
refuses to change what it pushes.
"""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from lithify.cache.registry.fetching import TRANSFERS, known_origin, remember_origin
from lithify.cache.registry.referrers import push_referrer, subject_in
from lithify.errors import RegistryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.reference import Reference
    from lithify.cache.registry.access import Registries
    from lithify.cache.registry.fetching import Reporter
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.store import Store

_UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or index to be pushed."""

    descriptor: Descriptor
    raw: bytes


@dataclass(frozen=True, slots=True)
class Pushed:
    """An image in the order in which a registry must get it: the last document is the one that is named."""

    blobs: tuple[Descriptor, ...]
    documents: tuple[Document, ...]


def push(
    store: Store,
    registries: Registries,
    image: Pushed,
    references: Sequence[Reference],
    reporter: Reporter,
    *,
    by_digest: bool = False,
) -> Digest:
    """Push an image under all names (with `by_digest` without their tags); the digest it has there.

    Raises RegistryError, ContentError, UsageError, ConfigurationError."""
    for reference in references:
        if reference.digest:
            raise UsageError(
                f"cannot push {reference.familiar}: a name with a digest", hint="push a tag"
            )
        (repository,) = registries.repositories(reference, push=True)
        _push_blobs(store, repository, image.blobs, reference, reporter)
        *inner, top = image.documents
        for one in inner:
            subject = subject_in(one.raw)
            if subject is not None:
                push_referrer(repository, one.descriptor, one.raw, subject)
            elif not repository.has_manifest(one.descriptor):
                repository.put_manifest(one.descriptor.digest, one.raw, one.descriptor.media_type)
        selector = top.descriptor.digest if by_digest else reference.tag
        repository.put_manifest(selector, top.raw, top.descriptor.media_type)
    return image.documents[-1].descriptor.digest


def _push_blobs(
    store: Store,
    repository: Repository,
    blobs: tuple[Descriptor, ...],
    reference: Reference,
    reporter: Reporter,
) -> None:
    what = f"pushing {reference.familiar}"
    count = reporter.start(what, sum(one.size for one in blobs))
    safe = _Serial(count)
    try:
        with ThreadPoolExecutor(TRANSFERS, "push") as pool:
            futures = [pool.submit(push_blob, store, repository, one, safe) for one in blobs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        reporter.end(what)


def push_blob(
    store: Store,
    repository: Repository,
    blob: Descriptor,
    count: Counter,
    data: bytes | None = None,
) -> None:
    """Send a blob of the store, or `data`, unless the registry has it. Raises RegistryError, ContentError."""

    def open_at(offset: int) -> BinaryIO:
        if data is not None:
            return io.BytesIO(data[offset:])
        if not offset:
            return store.blobs.open_verified(blob)
        stream = store.blobs.open(blob.digest)
        stream.seek(offset)
        return stream

    if repository.has_blob(blob) or _mounted(store, repository, blob):
        count(blob.size)
    else:
        with store.lock(f"push {repository.location.name} {blob.digest}"):
            repository.upload(blob, open_at, count, _Uploads(store))
    remember_origin(store, repository, blob)


def _mounted(store: Store, repository: Repository, blob: Descriptor) -> bool:
    """Whether the registry could take it over from where we last saw it."""
    source = known_origin(store, repository, blob)
    if source is None or source == repository.location.repository:
        return False
    try:
        return repository.mount(blob, source)
    except RegistryError:
        return False  # mounting is an optimisation that many registries forbid


class _Uploads:
    """Where blobs are being sent, in the store's memory."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recall(self, repository: Repository, descriptor: Descriptor) -> str:
        key = f"{repository.location.name} {descriptor.digest}"
        return self._store.records.memo_get(_UPLOAD, key) or ""

    def remember(self, repository: Repository, descriptor: Descriptor, url: str) -> None:
        key = f"{repository.location.name} {descriptor.digest}"
        if url:
            self._store.records.memo_put(_UPLOAD, key, url)
        else:
            self._store.records.memo_forget(_UPLOAD, key)


class _Serial:
    """Counts from several threads."""

    def __init__(self, count: Counter) -> None:
        self._lock = Lock()
        self._count = count

    def __call__(self, number: int) -> None:
        with self._lock:
            self._count(number)
