"""Owns the contract of exporters and the table of those that exist.

A new output type is one module and one line here. It refuses to import them before they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from lithify.errors import UsageError
from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform
    from lithify.cache.ports import Layer
    from lithify.cache.reference import Reference
    from lithify.cache.registry.push import Pushed
    from lithify.cache.store import Store


@dataclass(frozen=True, slots=True)
class ExportImage:
    """One image of the result, as it lies in the store."""

    manifest: Descriptor
    config: Descriptor
    layers: tuple[Layer, ...]
    platform: Platform


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export where: `dest` is a path, '-' or '' is `stdout`; `names` are full references.

    `epoch_s` is the explicit epoch in seconds, or None for the default one; `attestations` are those of the images,
    by the digests of their manifests in the store."""

    store: Store
    images: tuple[ExportImage, ...]
    names: tuple[str, ...] = ()
    dest: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    stdout: BinaryIO | None = None
    epoch_s: int | None = None
    push: Push | None = None
    attestations: Mapping[Digest, Descriptor] = field(default_factory=dict)


class Push(Protocol):
    """Sends an image to registries; the composition root lends it."""

    def __call__(
        self, image: Pushed, references: tuple[Reference, ...], *, by_digest: bool = False
    ) -> str:
        """Push under all names; the digest it has there. Raises RegistryError, ContentError, UsageError."""


class Exporter(Protocol):
    """Writes the result of a build somewhere."""

    def export(self, request: ExportRequest) -> Digest | None:
        """Write everything or nothing; the digest of the manifest or index that was written, if one
        was.

        Equal requests write equal bytes. Raises UsageError (options, destination), StoreError,
        ContentError, RegistryError, OSError never."""


_EXPORTERS = {
    "oci": "lithify.executor.export.oci:OciExporter",
    "docker": "lithify.executor.export.docker:DockerExporter",
    "tar": "lithify.executor.export.tar:TarExporter",
    "registry": "lithify.executor.export.registry:RegistryExporter",
    "local": "lithify.executor.export.local:LocalExporter",
}


def exporter_for(name: str) -> Exporter:
    """The exporter of an output type. Raises UsageError."""
    if name not in _EXPORTERS:
        known = ", ".join(sorted(_EXPORTERS))
        raise UsageError(f"unknown output type {name!r}", hint=f"known types: image, {known}")
    module, _, attribute = _EXPORTERS[name].partition(":")
    return cast("Exporter", getattr(import_module(module), attribute)())
