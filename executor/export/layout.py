"""Owns what an exported image layout holds: which blobs, and the documents that name them.

The OCI archive, its directory form and the Docker archive differ only in wrapping, so their content
is made in one place. It refuses to write: wrappings do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lithify.cache.oci import (
    MEDIA_CONFIG,
    MEDIA_DOCKER_CONFIG,
    MEDIA_DOCKER_LAYER,
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_DOCKER_LIST,
    MEDIA_DOCKER_MANIFEST,
    MEDIA_INDEX,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_MANIFEST,
    Index,
    Manifest,
)
from lithify.cache.reference import parse_reference
from lithify.errors import UsageError
from lithify.executor.assemble import as_oci, rfc3339
from lithify.executor.attest.statement import moved
from lithify.executor.export.compression import layer_blob
from lithify.executor.services import DEFAULT_EPOCH_S

if TYPE_CHECKING:
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.executor.attest.statement import Attestation
    from lithify.executor.export.options import ImageOptions
    from lithify.executor.export.ports import ExportImage, ExportRequest

OCI_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_DOCKER_TYPES = {
    MEDIA_LAYER: MEDIA_DOCKER_LAYER,
    MEDIA_LAYER_GZIP: MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_CONFIG: MEDIA_DOCKER_CONFIG,
}


@dataclass(frozen=True, slots=True)
class Content:
    """The blobs of a layout (those of the store, and small new documents) and what its index
    names."""

    stored: tuple[Descriptor, ...]
    documents: tuple[tuple[Digest, bytes], ...]
    named: tuple[Descriptor, ...]
    manifests: tuple[Manifest, ...]
    #: Beside the images or in their index; among the documents as well.
    attestations: tuple[Attestation, ...] = ()

    @property
    def index(self) -> bytes:
        """The bytes of `index.json`."""
        return Index.make(self.named).raw

    @property
    def digest(self) -> Digest:
        """Of the manifest, or of the index over several."""
        return self.named[0].digest


def make_content(request: ExportRequest, options: ImageOptions) -> Content:
    """Everything that a layout of the request's images holds (OCI image-spec, image-layout).

    Compresses what is to be compressed. Raises UsageError, StoreError, ContentError."""
    _check_annotations(request, options)
    stored: list[Descriptor] = []
    manifests: list[Manifest] = []
    descriptors: list[Descriptor] = []
    for image in request.images:
        manifest = _make_manifest(request, options, image)
        stored += [manifest.config, *manifest.layers]
        manifests.append(manifest)
        extra = options.annotations_of("manifest-descriptor", str(image.platform))
        descriptors.append(replace(manifest.descriptor, platform=image.platform, annotations=extra))
    attested = _attested(request, options, descriptors)
    stored += [blob for one in attested for blob in one.blobs]
    documents = [(one.descriptor.digest, one.raw) for one in manifests]
    documents += [(one.descriptor.digest, one.raw) for one in attested]
    top = replace(descriptors[0], platform=None)
    is_inline = options.attestations_inline and bool(attested)
    if len(descriptors) > 1 or is_inline:
        inner = (*descriptors, *(one.descriptor for one in attested if is_inline))
        index = Index.make(
            tuple(inner),
            annotations=options.annotations_of("index", ""),
            media_type=MEDIA_INDEX if options.oci_types else MEDIA_DOCKER_LIST,
        )
        documents.append((index.descriptor.digest, index.raw))
        top = replace(index.descriptor, annotations=options.annotations_of("index-descriptor", ""))
    beside = () if is_inline else attested
    epoch = DEFAULT_EPOCH_S if request.epoch_s is None else request.epoch_s
    return Content(
        tuple({one.digest: one for one in stored}.values()),
        tuple(documents),
        named_descriptors(top, options.names, epoch) + tuple(one.descriptor for one in beside),
        tuple(manifests),
        attested,
    )


def _attested(
    request: ExportRequest, options: ImageOptions, descriptors: list[Descriptor]
) -> tuple[Attestation, ...]:
    """What is attested of the images, said of the manifests that are exported."""
    if request.attestations and not options.oci_types:
        raise UsageError('cannot export attestations with "oci-mediatypes=false"')
    pairs = zip(request.images, descriptors, strict=True)
    return tuple(
        moved(request.store.blobs, found, replace(descriptor, annotations=()))
        for image, descriptor in pairs
        if (found := request.attestations.get(image.manifest.digest)) is not None
    )


def _make_manifest(request: ExportRequest, options: ImageOptions, image: ExportImage) -> Manifest:
    layers = tuple(as_oci(layer_blob(request.store, layer, options)) for layer in image.layers)
    config = replace(image.config, platform=None, annotations=())
    media_type = MEDIA_MANIFEST
    if not options.oci_types:
        layers = tuple(_as_docker(layer) for layer in layers)
        config, media_type = _as_docker(config), MEDIA_DOCKER_MANIFEST
    annotations = options.annotations_of("manifest", str(image.platform))
    return Manifest.make(config, layers, annotations=annotations, media_type=media_type)


def _as_docker(descriptor: Descriptor) -> Descriptor:
    media_type = _DOCKER_TYPES.get(descriptor.media_type)
    if media_type is None:
        raise UsageError(
            f"a layer of type {descriptor.media_type} has no Docker media type",
            hint="add force-compression=true, or leave oci-mediatypes at true",
        )
    return replace(descriptor, media_type=media_type)


def named_descriptors(
    top: Descriptor, names: tuple[str, ...], epoch_s: int
) -> tuple[Descriptor, ...]:
    """One descriptor per name (specification of outputs, OCI layout)."""
    created = ("org.opencontainers.image.created", rfc3339(epoch_s))
    if not names:
        return (replace(top, annotations=tuple(sorted((*top.annotations, created)))),)
    out = []
    for name in names:
        own = (
            created,
            ("io.containerd.image.name", name),
            ("org.opencontainers.image.ref.name", parse_reference(name).tag),
        )
        out.append(replace(top, annotations=tuple(sorted({*own, *top.annotations}))))
    return tuple(out)


def _check_annotations(request: ExportRequest, options: ImageOptions) -> None:
    platforms = {str(image.platform) for image in request.images}
    for one in options.annotations:
        if one.kind == "index" and len(request.images) == 1:
            raise UsageError("index annotations not supported for single platform export")
        if one.platform and one.platform not in platforms:
            raise UsageError(f"invalid annotation: no platform {one.platform} found in source")
