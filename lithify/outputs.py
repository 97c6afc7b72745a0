"""Owns where the result of a build goes: into the store under its names, into files, to registries.

Outputs are written one after the other, in the order asked for, and the build is told which digest counts: that of what
left the store, if anything did. It refuses to build.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lithify.cache.oci import Index
from lithify.cache.reference import parse_reference
from lithify.executor import events
from lithify.executor.export.options import PUSH_OPTIONS, read_image_options, take_boolean
from lithify.executor.export.ports import ExportRequest, exporter_for
from lithify.requests import OutputSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.executor.export.ports import ExportImage
    from lithify.requests import BuildRequest
    from lithify.surroundings import Surroundings


class Outputs:
    """Writes one build's outputs. `epoch_s` is the explicit epoch in seconds, or None for the default one;
    `attested` what is attested of the images, by the digests of their manifests."""

    def __init__(
        self,
        request: BuildRequest,
        around: Surroundings,
        epoch_s: int | None,
        attested: Mapping[Digest, Descriptor],
    ) -> None:
        self._request = request
        self._attested = attested
        self._around = around
        self._epoch_s = epoch_s
        self._names = names_of(request)

    def write(self, images: list[ExportImage], stored: Descriptor) -> tuple[tuple[str, str], ...]:
        """Write everything that is asked for; the type of each output, and the digest of what it wrote or ''.

        Without outputs the image is kept in the store. Raises UsageError, StoreError, ContentError,
        RegistryError."""
        if not self._request.outputs:
            self._keep({}, images, stored)
        return tuple(self._write(output, images, stored) for output in self._request.outputs)

    def _write(
        self, output: OutputSpec, images: list[ExportImage], stored: Descriptor
    ) -> tuple[str, str]:
        if output.type == "cacheonly":
            return output.type, ""
        if output.type != "image":
            return output.type, self._export(output, images)
        options, digest = dict(output.options), ""
        is_pushed = take_boolean(options, "push", False)
        if take_boolean(options, "store", True):
            kept = {key: text for key, text in options.items() if key not in PUSH_OPTIONS}
            digest = self._keep(kept, images, stored)
        if not is_pushed:
            return "image", digest
        return "image", self._export(OutputSpec("registry", "", tuple(options.items())), images)

    def _keep(self, options: dict[str, str], images: list[ExportImage], stored: Descriptor) -> str:
        """Name the result in the store, which then holds all of it, its base included.

        Its digest if that is another because attestations are listed in its index, else ''."""
        found = read_image_options(options, self._names)
        store = self._around.store
        for image in images:
            self._around.registries.complete(layer.descriptor for layer in image.layers)
        attested = tuple(self._attested.values())
        if attested and found.attestations_inline:
            index = Index.make((*(image.manifest for image in images), *attested))
            stored = store.blobs.put(index.raw, index.media_type)
            store.images.add(stored, found.names)
            return str(stored.digest)
        store.images.add(stored, found.names)
        for one in attested:
            store.images.attach(one)
        return ""

    def _export(self, output: OutputSpec, images: list[ExportImage]) -> str:
        started = time.monotonic()
        phase = f"exporting to {output.type}"
        self._around.emit(events.PhaseStarted(phase))
        digest = exporter_for(output.type).export(
            ExportRequest(
                store=self._around.store,
                images=tuple(images),
                names=self._names,
                dest=output.dest,
                options=dict(output.options),
                stdout=self._around.stdout,
                epoch_s=self._epoch_s,
                push=self._around.registries.push,
                attestations=self._attested,
            )
        )
        self._around.emit(events.PhaseFinished(phase, time.monotonic() - started, output.dest))
        return digest or ""


def names_of(request: BuildRequest) -> tuple[str, ...]:
    """The tags of a request in full. Raises InvalidReference."""
    return tuple(str(parse_reference(tag)) for tag in request.tags)


def digest_of(exports: tuple[tuple[str, str], ...], stored: Descriptor) -> str:
    """What the result is called: what was pushed, the only archive, or what is in the store."""
    pushed = [digest for kind, digest in exports if kind in ("registry", "image") and digest]
    only = [digest for _, digest in exports if digest] if len(exports) == 1 else []
    return next(iter((*pushed, *only)), str(stored.digest))
