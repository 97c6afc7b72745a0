"""Owns the `tar` output: the image's whole file system, in the canonical form of layers.

It refuses to write metadata of the image: that is what the image outputs are for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.executor.export.files import output_file
from lithify.executor.export.options import refuse_rest, take_boolean
from lithify.executor.export.rootfs import image_entries
from lithify.executor.layer import write_layer
from lithify.executor.services import DEFAULT_EPOCH_S

if TYPE_CHECKING:
    from lithify.cache.digest import Digest
    from lithify.executor.export.ports import ExportRequest


class TarExporter:
    """Implements `Exporter` (specification of outputs, local and tar)."""

    def export(self, request: ExportRequest) -> Digest | None:
        options = dict(request.options)
        split = take_boolean(options, "platform-split", len(request.images) > 1)
        refuse_rest(options)
        epoch = DEFAULT_EPOCH_S if request.epoch_s is None else request.epoch_s
        with output_file(request) as out, image_entries(request, split) as entries:
            write_layer(entries, out.write, logical_time=epoch)
        return None
