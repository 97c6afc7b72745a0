"""Owns the `docker` output: the archive that `docker load` reads, which is an OCI layout as well.

It refuses several platforms at once, as the format has no place for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.oci import go_json
from lithify.cache.reference import parse_reference
from lithify.errors import UsageError
from lithify.executor.export.archive import write_archive
from lithify.executor.export.files import output_file
from lithify.executor.export.layout import OCI_LAYOUT, make_content
from lithify.executor.export.options import read_image_options

if TYPE_CHECKING:
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Manifest
    from lithify.executor.export.ports import ExportRequest


class DockerExporter:
    """Implements `Exporter` (specification of outputs, docker archive)."""

    def export(self, request: ExportRequest) -> Digest | None:
        options = read_image_options(request.options, request.names)
        if not options.as_tar:
            raise UsageError(
                "the docker output is always a tar", hint="use type=oci,tar=false for a directory"
            )
        if len(request.images) != 1:
            raise UsageError(
                "docker exporter does not currently support exporting manifest lists",
                hint="use type=oci, or build for one platform",
            )
        with output_file(request) as out:
            content = make_content(request, options)
            files = {
                "index.json": content.index,
                "manifest.json": _docker_manifest(content.manifests[0], options.names),
                "oci-layout": OCI_LAYOUT,
            }
            write_archive(content, files, request.store.blobs, out)
        return content.digest


def _docker_manifest(manifest: Manifest, names: tuple[str, ...]) -> bytes:
    return go_json(
        [
            {
                "Config": f"blobs/sha256/{manifest.config.digest.hex}",
                "RepoTags": [parse_reference(name).familiar for name in names],
                "Layers": [f"blobs/sha256/{layer.digest.hex}" for layer in manifest.layers],
            }
        ]
    )
