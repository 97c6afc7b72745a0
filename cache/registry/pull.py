"""Owns the way of an image from registries into a store: manifests and configs now, layers now or when needed.

The documents are fetched and checked before anything large is; of an index only what the wanted platforms need. What an
image's name meant is remembered, so that a build can be repeated without any network. It refuses to name images in the
store: whoever asked for them does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.cache.documents import (
    MOST_DOCUMENT_BYTES,
    MOST_INDEX_DEPTH,
    MOST_MANIFESTS,
    read_document,
    read_manifest,
    resolve_image,
    select_platform,
)
from lithify.cache.importing import import_image
from lithify.cache.oci import INDEX_TYPES, MANIFEST_TYPES, Descriptor, Index
from lithify.cache.registry.fetching import Offer, fetch_blob, remember_origin
from lithify.cache.resolutions import recall, remember
from lithify.errors import ContentError, Corrupt, DigestMismatch, NotFound, RegistryError

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.cache.reference import Reference
    from lithify.cache.registry.access import Registries
    from lithify.cache.registry.fetching import BlobFetcher
    from lithify.cache.registry.repository import Repository
    from lithify.cache.store import Store


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: an index or manifest that is in the store, and where its parts are."""

    reference: Reference
    descriptor: Descriptor
    repositories: tuple[Repository, ...]


class RemoteImages:
    """The images of registries, over one store. Thread-safe but for what is asked twice at a time."""

    def __init__(self, store: Store, registries: Registries, fetcher: BlobFetcher) -> None:
        self._store = store
        self._registries = registries
        self._fetcher = fetcher

    def references(self, written: str) -> tuple[Reference, ...]:
        """The full names that a name may stand for. Raises InvalidReference, ConfigurationError."""
        return self._registries.locations.references(written)

    # -- what names mean -------------------------------------------------------------------------

    def find(self, written: str) -> Found:
        """Ask the registries what a name means now, and remember it. Raises RegistryError, ContentError."""
        failure: RegistryError | ContentError | None = None
        for reference in self.references(written):
            try:
                found = self._find(reference)
            except (RegistryError, ContentError) as error:
                failure = failure or error
                continue
            remember(self._store, written, found.reference, found.descriptor)
            return found
        assert failure is not None
        raise failure

    def _find(self, reference: Reference) -> Found:
        repositories = self._registries.repositories(reference)
        failure: RegistryError | ContentError | None = None
        for repository in repositories:
            try:
                descriptor = self._top(repository, reference)
                return Found(reference, descriptor, repositories)
            except (RegistryError, ContentError) as error:
                failure = error
        assert failure is not None
        raise failure

    def _top(self, repository: Repository, reference: Reference) -> Descriptor:
        """The document of a name; a HEAD suffices if it is known, which registries count for less."""
        known = recall(self._store, str(reference))
        here = known[1] if known is not None and not reference.digest else None
        if here is not None and repository.manifest_digest(reference.tag) == here.digest:
            return here
        received = repository.manifest(str(reference.digest or reference.tag))
        if received.descriptor.media_type not in (*INDEX_TYPES, *MANIFEST_TYPES):
            raise Corrupt(
                f"{reference.familiar} is no image: {received.descriptor.media_type[:100]!r}"
            )
        self._store.blobs.put(received.raw, received.descriptor.media_type)
        return received.descriptor

    def remembered(self, written: str, *, offline: bool) -> Found | None:
        """What a name meant when it was last asked for, if its document is still here."""
        known = recall(self._store, written)
        if known is None:
            return None
        repositories = () if offline else self._registries.repositories(known[0])
        return Found(known[0], known[1], repositories)

    # -- images ----------------------------------------------------------------------------------

    def resolve(self, found: Found, platform: Platform) -> ResolvedImage:
        """The image for a platform; its layers are offered, not fetched.

        Raises ImageNotFound (no such platform), NotFound (no place left), RegistryError, ContentError."""
        manifest = self._select(found, platform)
        self._documents(found, manifest)
        image = resolve_image(self._store.blobs, manifest, platform, str(found.reference))
        layers = tuple(layer.descriptor for layer in image.layers)
        self._fetcher.offer(Offer(found.reference.familiar, layers, found.repositories))
        for layer in layers if found.repositories else ():
            remember_origin(self._store, found.repositories[-1], layer)
        return image

    def pull(self, found: Found, platforms: tuple[Platform, ...] | None) -> Descriptor:
        """Fetch everything of an image, for some platforms or all; its descriptor, still unnamed.

        Raises as `resolve`."""
        if platforms is None:
            manifests = self._manifests(found, found.descriptor, 0)
        else:
            chosen = [self._select(found, one) for one in platforms]
            manifests = list(dict.fromkeys(chosen))
        layers: list[Descriptor] = []
        for manifest in manifests:
            layers += self._documents(found, manifest)
        self._fetcher.offer(Offer(found.reference.familiar, tuple(layers), found.repositories))
        self._fetcher.complete(layers)
        for manifest in manifests:
            import_image(_Nowhere(), self._store.blobs, manifest)
        return found.descriptor

    def _select(self, found: Found, platform: Platform) -> Descriptor:
        if found.descriptor.media_type not in INDEX_TYPES:
            return found.descriptor
        manifests = self._manifests(found, found.descriptor, 0)
        for one in manifests:
            if one.platform is None:
                self._documents(found, one)
        name = found.reference.familiar
        return select_platform(self._store.blobs, manifests, platform, name)

    def _manifests(self, found: Found, descriptor: Descriptor, depth: int) -> list[Descriptor]:
        """All manifests of an index; nested indexes are fetched."""
        if descriptor.media_type not in INDEX_TYPES:
            return [descriptor]
        self._document(found, descriptor)
        manifests: list[Descriptor] = []
        for child in Index.parse(read_document(self._store.blobs, descriptor)).manifests:
            if depth >= MOST_INDEX_DEPTH or len(manifests) >= MOST_MANIFESTS:
                raise Corrupt("the image index is nested too deeply or too large")
            manifests += self._manifests(found, child, depth + 1)
        return manifests

    def _documents(self, found: Found, descriptor: Descriptor) -> tuple[Descriptor, ...]:
        """Fetch a manifest and its config; the layers that it names."""
        if descriptor.media_type not in MANIFEST_TYPES:
            raise Corrupt(f"unknown type of image: {descriptor.media_type[:100]!r}")
        self._document(found, descriptor)
        manifest = read_manifest(self._store.blobs, descriptor)
        if manifest.config.size > MOST_DOCUMENT_BYTES:
            raise Corrupt(f"the config of {found.reference.familiar} is too large")
        if not self._store.blobs.holds(manifest.config):
            fetch_blob(self._places(found), manifest.config, self._store, lambda _: None)
        return manifest.layers

    def _document(self, found: Found, descriptor: Descriptor) -> None:
        """Fetch a manifest by its digest. Raises RegistryError, DigestMismatch, NotFound."""
        if self._store.blobs.holds(descriptor):
            return
        failure: RegistryError | ContentError | None = None
        for repository in self._places(found):
            try:
                received = repository.manifest(descriptor.digest)
            except (RegistryError, ContentError) as error:
                failure = error
                continue
            if received.descriptor.size != descriptor.size:
                raise DigestMismatch(
                    f"{descriptor.digest} has {received.descriptor.size} bytes, "
                    f"its descriptor says {descriptor.size}"
                )
            self._store.blobs.put(received.raw, descriptor.media_type)
            return
        assert failure is not None
        raise failure

    def _places(self, found: Found) -> tuple[Repository, ...]:
        if not found.repositories:
            raise NotFound(f"{found.reference.familiar}: its description is not all in the store")
        return found.repositories


class _Nowhere:
    """A BlobSource that has nothing: all that is needed is in the store already."""

    def has(self, digest: Digest) -> bool:
        return False

    def transfer(self, descriptor: Descriptor, blobs: FileBlobStore) -> None:
        raise NotFound(f"the blob {descriptor.digest} is missing")
