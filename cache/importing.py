"""Owns the taking of images from outside into a store, wherever their blobs come from.

Layouts and archives differ in how a blob is found; what must hold of an image before it may be used does not. It
refuses to name an image: that comes after all of it is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lithify.cache.documents import (
    MOST_INDEX_DEPTH,
    MOST_MANIFESTS,
    read_config,
    read_document,
    read_manifest,
)
from lithify.cache.oci import INDEX_TYPES, MANIFEST_TYPES, Index
from lithify.errors import Corrupt, NotFound

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor


class BlobSource(Protocol):
    """Where the blobs of an image come from."""

    def has(self, digest: Digest) -> bool: ...

    def transfer(self, descriptor: Descriptor, blobs: FileBlobStore) -> None:
        """Put the blob into the store. Raises NotFound, DigestMismatch (digest or size)."""


def import_image(source: BlobSource, blobs: FileBlobStore, descriptor: Descriptor) -> None:
    """Take in everything an image consists of; blobs already there are not read again.

    An index may lack images for some platforms, as exports of one platform do, but not all. Raises
    NotFound, DigestMismatch, Corrupt."""
    _Import(source, blobs).take(descriptor, 0)


class _Import:
    def __init__(self, source: BlobSource, blobs: FileBlobStore) -> None:
        self._source = source
        self._blobs = blobs
        self._taken = 0

    def take(self, descriptor: Descriptor, depth: int) -> None:
        self._taken += 1
        if depth > MOST_INDEX_DEPTH or self._taken > MOST_MANIFESTS:
            raise Corrupt("the image index is nested too deeply or too large")
        if descriptor.media_type in INDEX_TYPES:
            self._take_index(descriptor, depth)
        elif descriptor.media_type in MANIFEST_TYPES:
            self._take_manifest(descriptor)
        else:
            raise Corrupt(f"unknown type of image: {descriptor.media_type[:100]!r}")

    def _take_index(self, descriptor: Descriptor, depth: int) -> None:
        self._blob(descriptor)
        children = Index.parse(read_document(self._blobs, descriptor)).manifests
        here = [one for one in children if self._has(one)]
        if not here:
            raise NotFound(f"none of the images of the index {descriptor.digest} is there")
        for child in here:
            self.take(child, depth + 1)

    def _take_manifest(self, descriptor: Descriptor) -> None:
        self._blob(descriptor)
        manifest = read_manifest(self._blobs, descriptor)
        self._blob(manifest.config)
        if manifest.config.media_type.endswith(("image.v1+json", "config.v1+json")):
            read_config(self._blobs, manifest)
        for layer in manifest.layers:
            self._blob(layer)

    def _has(self, descriptor: Descriptor) -> bool:
        return self._blobs.holds(descriptor) or self._source.has(descriptor.digest)

    def _blob(self, descriptor: Descriptor) -> None:
        if not self._blobs.holds(descriptor):
            self._source.transfer(descriptor, self._blobs)
