"""Owns images of the store on their way out again: what `save` writes and `push` sends.

An image that came from elsewhere keeps its bytes and so its digest; only where layers lie uncompressed, as in images
built here, manifests are made anew over the compressed ones. It refuses to leave out anything unseen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lithify.cache.compression import PLAIN_TYPES
from lithify.cache.documents import read_config, read_document, read_manifest, select_platform
from lithify.cache.oci import (
    INDEX_TYPES,
    MEDIA_CONFIG,
    MEDIA_DOCKER_CONFIG,
    Index,
    Manifest,
    go_json,
)
from lithify.cache.ports import Layer
from lithify.cache.reference import parse_reference
from lithify.cache.referrers import subject_of
from lithify.errors import ImageNotFound
from lithify.executor.assemble import as_oci
from lithify.executor.attest.statement import moved
from lithify.executor.export.archive import write_archive
from lithify.executor.export.compression import layer_blob
from lithify.executor.export.layout import OCI_LAYOUT, Content, named_descriptors
from lithify.executor.services import DEFAULT_EPOCH_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform
    from lithify.cache.store import Store
    from lithify.executor.export.options import ImageOptions

_IMAGE_CONFIGS = (MEDIA_CONFIG, MEDIA_DOCKER_CONFIG)


def stored_content(
    store: Store,
    image: Descriptor,
    options: ImageOptions,
    *,
    platform: Platform | None = None,
    is_whole: bool = False,
    is_attested: bool = False,
) -> Content:
    """Everything of an image of the store, or of its part for a platform.

    Of an index only what is in the store is taken, unless `is_whole` asks for all of it; what is attached to the
    images goes along if `is_attested`. Raises ImageNotFound (nothing or not all of it is here), ContentError,
    StoreError."""
    parts, index = _parts(store, image, options, platform, is_whole)
    content = _content(parts, index, options)
    if not is_attested:
        return content
    attested = tuple(
        moved(store.blobs, one, replace(part.descriptor, annotations=()))
        for part in parts
        for one in store.images.attached(part.old.digest)
    )
    return replace(
        content,
        stored=(*content.stored, *(blob for one in attested for blob in one.blobs)),
        documents=(*((one.descriptor.digest, one.raw) for one in attested), *content.documents),
        named=(*content.named, *(one.descriptor for one in attested)),
        attestations=attested,
    )


def _parts(
    store: Store,
    image: Descriptor,
    options: ImageOptions,
    platform: Platform | None,
    is_whole: bool,
) -> tuple[tuple[_Part, ...], tuple[Descriptor, Index] | None]:
    """The manifests to write, and the index over them if there is one."""
    name = options.names[0] if options.names else str(image.digest)
    if image.media_type not in INDEX_TYPES:
        return (_Part(store, image, options),), None
    index = Index.parse(read_document(store.blobs, image))
    if platform is not None:
        here = [one for one in index.manifests if store.blobs.holds(one)]
        chosen = select_platform(store.blobs, here, platform, name)
        return (_Part(store, chosen, options),), None
    here = [one for one in index.manifests if _is_complete(store, one)]
    if not here or (is_whole and len(here) < len(index.manifests)):
        raise ImageNotFound(
            f"{name}: {len(index.manifests) - len(here)} of its {len(index.manifests)} images "
            "are not in the store",
            hint="take one with --platform, or get all with `lithify pull --all-platforms`",
        )
    parts = tuple(_Part(store, one, options) for one in here)
    for part in parts:
        part.follow(store, parts)
    return parts, (image, index)


class _Part:
    """One manifest: as it is, or over compressed layers."""

    def __init__(self, store: Store, descriptor: Descriptor, options: ImageOptions) -> None:
        self.old = descriptor
        self.manifest = read_manifest(store.blobs, descriptor)
        self.is_new = False
        self._annotations = descriptor.annotations
        is_image = self.manifest.config.media_type in _IMAGE_CONFIGS
        if is_image and any(one.media_type in PLAIN_TYPES for one in self.manifest.layers):
            self._compress(store, options)

    def _compress(self, store: Store, options: ImageOptions) -> None:
        diff_ids = read_config(store.blobs, self.manifest).diff_ids
        pairs = zip(self.manifest.layers, diff_ids, strict=True)
        layers = tuple(
            as_oci(layer_blob(store, Layer(one, diff_id), options)) for one, diff_id in pairs
        )
        if layers != self.manifest.layers:
            old = self.manifest
            self.manifest = Manifest.make(old.config, layers, annotations=old.annotations)
            self.is_new = True

    def follow(self, store: Store, others: Iterable[_Part]) -> None:
        """An attestation of an image that is written in another form is said of that form."""
        about = subject_of(self.old)
        for one in others:
            if one.is_new and one.old.digest == about:
                made = moved(store.blobs, self.old, replace(one.descriptor, annotations=()))
                self.manifest, self.is_new = Manifest.parse(made.raw), True
                self._annotations = made.descriptor.annotations

    @property
    def descriptor(self) -> Descriptor:
        """As an index lists it."""
        if not self.is_new:
            return self.old
        made = self.manifest.descriptor
        return replace(made, platform=self.old.platform, annotations=self._annotations)


def _content(
    parts: tuple[_Part, ...], index: tuple[Descriptor, Index] | None, options: ImageOptions
) -> Content:
    documents = [(one.descriptor.digest, one.manifest.raw) for one in parts]
    top = replace(parts[0].descriptor, platform=None, annotations=())
    if index is not None:
        top, found = index
        if any(part.is_new for part in parts):
            descriptors = tuple(part.descriptor for part in parts)
            found = Index.make(
                descriptors, annotations=found.annotations, media_type=found.media_type
            )
            top = found.descriptor
        documents.append((top.digest, found.raw))
    blobs = [blob for one in parts for blob in (one.manifest.config, *one.manifest.layers)]
    return Content(
        tuple({one.digest: one for one in blobs}.values()),
        tuple(documents),
        named_descriptors(top, options.names, DEFAULT_EPOCH_S),
        tuple(one.manifest for one in parts),
    )


def _is_complete(store: Store, descriptor: Descriptor) -> bool:
    if not store.blobs.holds(descriptor) or descriptor.media_type in INDEX_TYPES:
        return False
    manifest = read_manifest(store.blobs, descriptor)
    return all(store.blobs.holds(one) for one in (manifest.config, *manifest.layers))


def write_images(
    store: Store, contents: Sequence[Content], out: BinaryIO, *, for_docker: bool
) -> None:
    """Write an archive of several images; `for_docker` adds what `docker load` reads. Raises ContentError, OSError."""
    merged = Content(
        tuple({one.digest: one for content in contents for one in content.stored}.values()),
        tuple(dict(pair for content in contents for pair in content.documents).items()),
        tuple(one for content in contents for one in content.named),
        tuple(one for content in contents for one in content.manifests),
    )
    files = {"index.json": merged.index, "oci-layout": OCI_LAYOUT}
    if for_docker:
        files["manifest.json"] = _docker_manifest(contents)
    write_archive(merged, files, store.blobs, out)


def _docker_manifest(contents: Sequence[Content]) -> bytes:
    """One entry per image; of several platforms the first stands for all."""
    entries: dict[Digest, dict[str, object]] = {}
    for content in contents:
        manifest = content.manifests[0]
        entries[content.digest] = {
            "Config": f"blobs/sha256/{manifest.config.digest.hex}",
            "RepoTags": _tags(content),
            "Layers": [f"blobs/sha256/{layer.digest.hex}" for layer in manifest.layers],
        }
    return go_json(list(entries.values()))


def _tags(content: Content) -> list[str]:
    names = (one.annotation.get("io.containerd.image.name", "") for one in content.named)
    return [parse_reference(name).familiar for name in names if name]
