"""Owns where shared caches are: a tag of a registry, or an image layout in a folder.

Both are read by one document first and then blob by blob, and written blobs first and name last, so that whoever reads
sees a whole cache or the one before. It refuses to know what is in a cache.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Protocol

from lithify.cache.layout import LayoutDirectory
from lithify.cache.registry.push import push_blob
from lithify.cache.shared.layoutwriter import LayoutWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.oci import Descriptor, Manifest
    from lithify.cache.reference import Reference
    from lithify.cache.registry.access import Registries
    from lithify.cache.registry.fetching import BlobPlace
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.store import Store


class CacheSource(Protocol):
    """A cache to read. Thread-safe."""

    name: str

    def top(self) -> tuple[Descriptor, bytes]:
        """The document that the cache's name leads to.

        Raises RegistryNotFound or ImageNotFound if there is none, RegistryError, ContentError."""

    def manifest(self, descriptor: Descriptor) -> bytes:
        """A manifest that another names, verified. Raises as `top`."""

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob, verified. Raises RegistryError, ContentError."""

    def places(self) -> tuple[BlobPlace, ...]:
        """Where its blobs can be had, to be tried in order."""


class CacheTarget(Protocol):
    """A cache to write. Thread-safe."""

    name: str

    def send(self, blob: Descriptor, data: bytes | None = None) -> None:
        """Make a blob of the store, or `data`, part of it. Idempotent. Raises LithifyError."""

    def publish(self, manifest: Manifest) -> None:
        """Give the cache its name, after all blobs of the manifest were sent. Atomic. Raises LithifyError."""


class RegistryCache:
    """A tag or digest of a registry; source and target."""

    def __init__(
        self, reference: Reference, registries: Callable[[], Registries], store: Store
    ) -> None:
        self.name = reference.familiar
        self._reference = reference
        self._registries = registries
        self._store = store
        self._selector = str(reference.digest or reference.tag)

    def top(self) -> tuple[Descriptor, bytes]:
        *mirrors, last = self._repositories()
        for repository in mirrors:
            if found := _unless_failing(repository, self._selector):
                return found
        received = last.manifest(self._selector)
        return received.descriptor, received.raw

    def manifest(self, descriptor: Descriptor) -> bytes:
        return self._repositories()[-1].manifest(descriptor.digest).raw

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        return self._repositories()[-1].small_blob(descriptor, limit)

    def places(self) -> tuple[BlobPlace, ...]:
        return self._repositories()

    def send(self, blob: Descriptor, data: bytes | None = None) -> None:
        push_blob(self._store, self._to(), blob, lambda _: None, data)

    def publish(self, manifest: Manifest) -> None:
        self._to().put_manifest(self._reference.tag, manifest.raw, manifest.media_type)

    def _repositories(self) -> tuple[Repository, ...]:
        return self._registries().repositories(self._reference)

    def _to(self) -> Repository:
        (repository,) = self._registries().repositories(self._reference, push=True)
        return repository


def _unless_failing(repository: Repository, selector: str) -> tuple[Descriptor, bytes] | None:
    """What a mirror has; whatever it fails with, the next one is asked."""
    from lithify.errors import ContentError, RegistryError

    try:
        received = repository.manifest(selector)
    except (RegistryError, ContentError):
        return None
    return received.descriptor, received.raw


class LayoutCache:
    """An image layout to read: `selector` is a tag or digest. Closed by its owner."""

    origin = None

    def __init__(self, path: Path, selector: str) -> None:
        self.name = str(path)
        self._path = path
        self._selector = selector
        self._lock = threading.Lock()
        self._opened: LayoutDirectory | None = None

    def top(self) -> tuple[Descriptor, bytes]:
        from lithify.cache.documents import MOST_DOCUMENT_BYTES

        descriptor = self._layout().select(self._selector)
        return descriptor, self.read(descriptor, MOST_DOCUMENT_BYTES)

    def manifest(self, descriptor: Descriptor) -> bytes:
        from lithify.cache.documents import MOST_DOCUMENT_BYTES

        return self.read(descriptor, MOST_DOCUMENT_BYTES)

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        return self._layout().read(descriptor, limit)

    def places(self) -> tuple[BlobPlace, ...]:
        return (self,)

    def download(self, descriptor: Descriptor, blobs: FileBlobStore, count: Counter) -> None:
        """Take a blob into the store (see BlobPlace)."""
        self._layout().transfer(descriptor, blobs)
        count(descriptor.size)

    def _layout(self) -> LayoutDirectory:
        with self._lock:
            if self._opened is None:
                self._opened = LayoutDirectory(self._path)
            return self._opened

    def close(self) -> None:
        """Let go of the folder; idempotent."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class LayoutCacheTarget:
    """An image layout to write, made if it is missing."""

    def __init__(self, path: Path, tag: str, store: Store) -> None:
        self.name = str(path)
        self._writer = LayoutWriter(path)
        self._tag = tag
        self._store = store

    def send(self, blob: Descriptor, data: bytes | None = None) -> None:
        if self._writer.holds(blob):
            return
        if data is not None:
            self._writer.put(blob, data)
            return
        with self._store.blobs.open_verified(blob) as source:
            self._writer.copy(blob, source)

    def publish(self, manifest: Manifest) -> None:
        self._writer.put(manifest.descriptor, manifest.raw)
        self._writer.tag(manifest.descriptor, self._tag)
