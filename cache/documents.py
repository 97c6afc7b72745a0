"""Owns the walk from an image's descriptor to what it consists of, over untrusted documents.

Manifests and indexes may come from anywhere and point anywhere; here sizes, depth and number are bounded once for
all who walk. It refuses to read layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.oci import INDEX_TYPES, MANIFEST_TYPES, ImageConfig, Index, Manifest
from lithify.cache.platform import normalise_platform
from lithify.cache.ports import Layer, ResolvedImage
from lithify.errors import ContentError, Corrupt, DigestMismatch, ImageNotFound, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform

#: Largest manifest, index or config; registries accept 4 MiB manifests.
MOST_DOCUMENT_BYTES = 8 * 1024 * 1024
MOST_INDEX_DEPTH = 4
MOST_MANIFESTS = 1024
_ARM_VARIANTS = ("v5", "v6", "v7", "v8")
_AMD64_VARIANTS = ("", "v2", "v3", "v4")


def read_document(blobs: FileBlobStore, descriptor: Descriptor) -> bytes:
    """A manifest, index or config. Raises NotFound, DigestMismatch, Corrupt."""
    data = blobs.read(descriptor.digest, MOST_DOCUMENT_BYTES)
    if len(data) != descriptor.size:
        raise DigestMismatch(
            f"{descriptor.digest} has {len(data)} bytes, its descriptor says {descriptor.size}"
        )
    return data


def read_manifest(blobs: FileBlobStore, descriptor: Descriptor) -> Manifest:
    """Raises NotFound, DigestMismatch, Corrupt."""
    return Manifest.parse(read_document(blobs, descriptor))


def read_config(blobs: FileBlobStore, manifest: Manifest) -> ImageConfig:
    """Raises NotFound, DigestMismatch, Corrupt."""
    return ImageConfig.parse(read_document(blobs, manifest.config))


def image_manifests(blobs: FileBlobStore, descriptor: Descriptor) -> tuple[Descriptor, ...]:
    """The manifests that are in the store, in order, of an index or of a manifest itself.

    Raises NotFound for the outermost document, DigestMismatch, Corrupt."""
    found: list[Descriptor] = []
    _collect(blobs, descriptor, 0, found)
    return tuple(found)


def _collect(
    blobs: FileBlobStore, descriptor: Descriptor, depth: int, found: list[Descriptor]
) -> None:
    if descriptor.media_type not in INDEX_TYPES:
        found.append(descriptor)
        return
    if depth == MOST_INDEX_DEPTH:
        raise Corrupt(f"image indexes are nested deeper than {MOST_INDEX_DEPTH}")
    for child in Index.parse(read_document(blobs, descriptor)).manifests:
        if len(found) >= MOST_MANIFESTS:
            raise Corrupt(f"an image index lists more than {MOST_MANIFESTS} manifests")
        if blobs.has(child.digest):
            _collect(blobs, child, depth + 1, found)


def reachable(blobs: FileBlobStore, descriptor: Descriptor) -> set[Digest]:
    """Every digest an image refers to, whether its blob is there or not; damage ends the walk."""
    digests: set[Digest] = set()
    _reach(blobs, descriptor, 0, digests)
    return digests


def _reach(blobs: FileBlobStore, descriptor: Descriptor, depth: int, digests: set[Digest]) -> None:
    digests.add(descriptor.digest)
    try:
        if descriptor.media_type in INDEX_TYPES and depth < MOST_INDEX_DEPTH:
            for child in Index.parse(read_document(blobs, descriptor)).manifests:
                _reach(blobs, child, depth + 1, digests)
        elif descriptor.media_type in MANIFEST_TYPES:
            manifest = read_manifest(blobs, descriptor)
            digests.add(manifest.config.digest)
            digests.update(layer.digest for layer in manifest.layers)
    except ContentError:
        return


def resolve_image(
    blobs: FileBlobStore, descriptor: Descriptor, platform: Platform, reference: str
) -> ResolvedImage:
    """The image of an index or manifest for a platform (OCI image-spec, image-index, platform).

    A lone manifest is taken whatever its platform, as the reference builder does. Raises
    ImageNotFound, NotFound, DigestMismatch, Corrupt."""
    if descriptor.media_type in INDEX_TYPES:
        here = image_manifests(blobs, descriptor)
        descriptor = select_platform(blobs, here, platform, reference)
    manifest = read_manifest(blobs, descriptor)
    config = read_config(blobs, manifest)
    if len(config.diff_ids) != len(manifest.layers):
        raise Corrupt(
            f"{reference}: the config names {len(config.diff_ids)} layers, "
            f"the manifest {len(manifest.layers)}"
        )
    pairs = zip(manifest.layers, config.diff_ids, strict=True)
    layers = tuple(Layer(one, diff_id) for one, diff_id in pairs)
    return ResolvedImage(reference, descriptor, config, layers, manifest.config.digest)


def select_platform(
    blobs: FileBlobStore,
    manifests: Iterable[Descriptor],
    platform: Platform,
    reference: str,
) -> Descriptor:
    """The manifest that fits a platform best; those that do not name theirs must be in the store.

    Raises ImageNotFound."""
    found: list[tuple[int, Descriptor]] = []
    offered: list[str] = []
    for one in manifests:
        actual = one.platform or _platform_of_config(blobs, one)
        if actual is None or actual.os == "unknown":
            continue
        offered.append(str(normalise_platform(actual)))
        rank = _rank(normalise_platform(actual), normalise_platform(platform))
        if rank is not None:
            found.append((rank, one))
    if not found:
        have = ", ".join(dict.fromkeys(offered)) or "none"
        raise ImageNotFound(
            f"{reference}: no match for platform {platform} in the image index",
            hint=f"platforms at hand: {have}; use --platform, or pull the image for {platform}",
        )
    return min(found, key=lambda pair: pair[0])[1]


def _platform_of_config(blobs: FileBlobStore, descriptor: Descriptor) -> Platform | None:
    try:
        return read_config(blobs, read_manifest(blobs, descriptor)).platform
    except (NotFound, Corrupt):
        return None


def _rank(offered: Platform, wanted: Platform) -> int | None:
    """How well an image fits: 0 exactly, more for older variants, None not at all."""
    if (offered.os, offered.architecture) != (wanted.os, wanted.architecture):
        return None
    if wanted.os_version and offered.os_version != wanted.os_version:
        return None
    if offered.variant == wanted.variant:
        return 0
    ladder = {"arm": _ARM_VARIANTS, "amd64": _AMD64_VARIANTS}.get(wanted.architecture, ())
    if offered.variant in ladder and wanted.variant in ladder:
        steps = ladder.index(wanted.variant) - ladder.index(offered.variant)
        return steps if steps > 0 else None
    return None
