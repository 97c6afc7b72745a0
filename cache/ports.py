"""Owns the contracts of the content stores: blobs, cache records, image resolution.

They are protocols so that a store can be a folder, a registry or memory. Contracts stand in the docstrings and
are proven by one suite over every implementation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from lithify.values import dataclass

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lithify.cache.digest import CacheKey, Digest
    from lithify.cache.oci import Descriptor, ImageConfig
    from lithify.cache.platform import Platform


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: `descriptor` names the bytes as stored (plain or compressed), `diff_id` the tar."""

    descriptor: Descriptor
    diff_id: Digest


@dataclass(frozen=True, slots=True)
class Leaf:
    """A named part of what made a key, kept so that a rerun can be explained."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CacheRecord:
    """The result of a step: the layer it added."""

    key: CacheKey
    layer: Layer
    leaves: tuple[Leaf, ...]
    created: float


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """An image whose manifest and config are known; layers may not be unpacked.

    `reference` is the normalised name; `layers` are parallel to `config.diff_ids`; `config_digest` is '' only
    for images that no store holds."""

    reference: str
    manifest: Descriptor
    config: ImageConfig
    layers: tuple[Layer, ...]
    config_digest: str = ""


class BlobWriter(Protocol):
    """A blob in the making, in the store's temporary area until committed."""

    def write(self, data: bytes) -> int: ...

    def commit(self, media_type: str, expected: Digest | None = None) -> Descriptor:
        """Name the blob by its digest; atomic and idempotent. Raises DigestMismatch."""


class BlobStore(Protocol):
    """Content-addressed bytes. Thread- and process-safe."""

    def writer(self) -> AbstractContextManager[BlobWriter]:
        """A new blob; leaving the context without commit discards it. Raises StoreError."""

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Store small content; idempotent."""

    def open(self, digest: Digest) -> BinaryIO:
        """A seekable stream of the bytes; the caller closes. Raises NotFound."""

    def read(self, digest: Digest, limit: int = 64 * 1024 * 1024) -> bytes:
        """Small content whole, verified. Raises NotFound, DigestMismatch, Corrupt (too large)."""

    def has(self, digest: Digest) -> bool: ...


class RecordStore(Protocol):
    """Cache records by key. Thread- and process-safe; a put is durable before it returns or lost whole."""

    def get(self, key: CacheKey) -> CacheRecord | None: ...

    def put(self, record: CacheRecord, *, step: str) -> None:
        """Store; `step` names the step for explanations. Called after blob and snapshot exist."""


class ImageResolver(Protocol):
    """Names to images: the store, OCI layouts, registries."""

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image for a platform; the config is at hand, layers need not be.

        Raises ImageNotFound whose hint says where was looked and what to do."""
