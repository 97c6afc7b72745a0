"""Owns the reading of a shared cache's index, whichever form it has: our own, inside an image, or one that is not ours.

One request tells all: the index is embedded in the manifest as long as it is small (OCI image-spec, descriptor, `data`).
Nothing of it is believed but what the types say. It refuses BuildKit's format by name, for its keys mean nothing here.

Specification: docs/cache-format.md.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lithify.cache.digest import Digest
from lithify.cache.oci import (
    INDEX_TYPES,
    INLINE_CACHE,
    Descriptor,
    Index,
    Manifest,
    parse_json_object,
)
from lithify.cache.shared.document import (
    MEDIA_RECORDS,
    MOST_BYTES,
    CacheDocument,
    parse_inline,
)
from lithify.errors import Corrupt, DigestMismatch, NotFound

if TYPE_CHECKING:
    from lithify.cache.shared.places import CacheSource

BUILDKIT = "application/vnd.buildkit.cacheconfig.v0"
_MOST_IMAGES = 16


@dataclass(frozen=True, slots=True)
class ReadCache:
    """A document and where its blobs are."""

    source: CacheSource
    document: CacheDocument


def read_cache(source: CacheSource) -> tuple[ReadCache, ...]:
    """The documents of a cache, one for each image if they are in images.

    Raises RegistryNotFound or ImageNotFound (nothing there), NotFound (no cache in it), RegistryError,
    ContentError."""
    descriptor, raw = source.top()
    if descriptor.media_type in INDEX_TYPES:
        documents = _of_index(source, Index.parse(raw))
    else:
        documents = _of_manifest(source, raw)
    if not documents:
        raise NotFound(f"the image {source.name} holds no cache")
    return tuple(ReadCache(source, one) for one in documents)


def _of_index(source: CacheSource, index: Index) -> list[CacheDocument]:
    if any(one.media_type == BUILDKIT for one in index.manifests):
        raise _not_ours(source)
    images = [one for one in index.manifests if one.media_type not in INDEX_TYPES]
    found = []
    for one in images[:_MOST_IMAGES]:
        if one.platform is not None and one.platform.os == "unknown":
            continue  # attestations
        found += _of_manifest(source, source.manifest(one))
    return found


def _of_manifest(source: CacheSource, raw: bytes) -> list[CacheDocument]:
    manifest = Manifest.parse(raw)
    if manifest.config.media_type == BUILDKIT:
        raise _not_ours(source)
    if manifest.config.media_type == MEDIA_RECORDS:
        return [CacheDocument.parse(_records(source, manifest.config, raw))]
    config = parse_json_object(source.read(manifest.config, MOST_BYTES), "the image config")
    if INLINE_CACHE not in config:
        return []
    return [parse_inline(config[INLINE_CACHE], _layers(manifest, config))]


def _records(source: CacheSource, config: Descriptor, raw: bytes) -> bytes:
    """The document, from the manifest itself if it is embedded there."""
    value = parse_json_object(raw, "the manifest")["config"]
    embedded = value.get("data") if isinstance(value, dict) else None
    if not isinstance(embedded, str):
        return source.read(config, MOST_BYTES)
    try:
        data = base64.b64decode(embedded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Corrupt("the cache's embedded index is damaged") from error
    if len(data) != config.size or Digest.of(data) != config.digest:
        raise DigestMismatch("the cache's embedded index has other content than its digest says")
    return data


def _layers(manifest: Manifest, config: dict[str, Any]) -> dict[str, Descriptor]:
    """The image's layers by diff id. What compressed them is not known."""
    rootfs = config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or len(diff_ids) != len(manifest.layers):
        raise Corrupt("the image has not as many layers as its config says")
    return {str(name): layer for name, layer in zip(diff_ids, manifest.layers, strict=True)}


def _not_ours(source: CacheSource) -> Corrupt:
    return Corrupt(
        f"{source.name} is a cache of BuildKit, whose keys mean nothing here",
        hint="let lithify write its own with --cache-to, under another name",
    )
