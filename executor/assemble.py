"""Owns the last step of a build: layers and metadata become an image config and a manifest.

It decides the times and the counting of history entries, so that equal builds give equal documents.
It refuses to compress: the manifest in the store names layers as they are stored, exporters make
other forms from it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lithify.cache.oci import (
    MEDIA_CONFIG,
    MEDIA_DOCKER_LAYER,
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    HistoryEntry,
    ImageConfig,
    Manifest,
)
from lithify.executor.services import DEFAULT_EPOCH_S
from lithify.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.oci import Descriptor
    from lithify.cache.ports import Layer
    from lithify.compiler.plan import PlannedImage
    from lithify.executor.layer import HasBlobs

#: The comment of history entries that exist only because a layer has none.
_UNACCOUNTED = "buildkit.exporter.image.v0"
_OCI_TYPES = {MEDIA_DOCKER_LAYER: MEDIA_LAYER, MEDIA_DOCKER_LAYER_GZIP: MEDIA_LAYER_GZIP}


def assemble(
    store: HasBlobs,
    planned: PlannedImage,
    layers: Sequence[Layer],
    *,
    epoch_s: int | None = None,
    inline_cache: str = "",
) -> tuple[Descriptor, Descriptor]:
    """Store the config and manifest of an image; the descriptors of the manifest and of the config.

    Entries that the build added are dated with the epoch (default 1980-01-01T00:00:00Z); those of
    the base stay as they are (specification of outputs, History normalisation). Raises
    StoreError."""
    now = rfc3339(DEFAULT_EPOCH_S if epoch_s is None else epoch_s)
    history = normalise_history(planned.history, planned.base_history, len(layers), now)
    is_base_only = planned.base_history == len(history) and epoch_s is None
    config = ImageConfig(
        planned.platform,
        planned.config,
        tuple(layer.diff_id for layer in layers),
        history,
        (history[-1].created if history and is_base_only else "") or now,
        planned.author,
        inline_cache,
    )
    config_blob = store.blobs.put(config.render(), MEDIA_CONFIG)
    manifest = Manifest.make(config_blob, tuple(as_oci(layer.descriptor) for layer in layers))
    stored = store.blobs.put(manifest.raw, manifest.media_type)
    return replace(stored, platform=planned.platform), config_blob


def normalise_history(
    history: Sequence[HistoryEntry], base_entries: int, layers: int, now: str
) -> tuple[HistoryEntry, ...]:
    """History with as many non-empty entries as there are layers.

    Surplus ones become empty, counted from the start; layers without an entry get one at the
    end."""
    out: list[HistoryEntry] = []
    accounted = 0
    for index, entry in enumerate(history):
        if index >= base_entries and not entry.created:
            entry = replace(entry, created=now)
        if not entry.empty_layer:
            accounted += 1
            if accounted > layers:
                entry = replace(entry, empty_layer=True)
        out.append(entry)
    missing = max(0, layers - accounted)
    return (*out, *[HistoryEntry(created=now, comment=_UNACCOUNTED)] * missing)


def as_oci(descriptor: Descriptor) -> Descriptor:
    """A layer's descriptor under its OCI media type, without what only stores remember."""
    media_type = _OCI_TYPES.get(descriptor.media_type, descriptor.media_type)
    return replace(descriptor, media_type=media_type, platform=None, annotations=())


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
