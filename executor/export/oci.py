"""Owns the `oci` output: an OCI image layout as a tar or, with tar=false, as a directory.

Layers are compressed here and not before (canonical layer form). It refuses to touch other images
of a directory that is a layout already.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.cache.oci import Index
from lithify.errors import Corrupt, UsageError
from lithify.executor.export.archive import write_archive
from lithify.executor.export.files import export_errors, output_file, replaced_file
from lithify.executor.export.layout import OCI_LAYOUT, Content, make_content
from lithify.executor.export.options import read_image_options

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.executor.export.ports import ExportRequest

_CHUNK = 1024 * 1024
_MOST_INDEX_BYTES = 8 * 1024 * 1024
_REF_NAME = "org.opencontainers.image.ref.name"
_IMAGE_NAME = "io.containerd.image.name"


class OciExporter:
    """Implements `Exporter` (OCI image-spec, image-layout)."""

    def export(self, request: ExportRequest) -> Digest | None:
        options = read_image_options(request.options, request.names)
        if not options.as_tar:
            directory = _directory(request.dest)
            content = make_content(request, options)
            with export_errors(request.dest):
                write_layout(content, request.store.blobs, directory)
            return content.digest
        with output_file(request) as out:
            content = make_content(request, options)
            files = {"index.json": content.index, "oci-layout": OCI_LAYOUT}
            write_archive(content, files, request.store.blobs, out)
        return content.digest


def write_layout(content: Content, blobs: FileBlobStore, directory: Path) -> None:
    """Add images to the layout in an existing directory: blobs first, the index last.

    Raises Corrupt if there is an index that can't be read, ContentError, OSError."""
    target = directory / "blobs" / "sha256"
    target.mkdir(parents=True, exist_ok=True)
    for digest, data in content.documents:
        with replaced_file(target / digest.hex) as out:
            out.write(data)
    for descriptor in content.stored:
        path = target / descriptor.digest.hex
        if path.is_file() and path.stat().st_size == descriptor.size:
            continue
        with replaced_file(path) as out, closing(blobs.open_verified(descriptor)) as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
    with replaced_file(directory / "oci-layout") as out:
        out.write(OCI_LAYOUT)
    kept = _others(directory / "index.json", content)
    with replaced_file(directory / "index.json") as out:
        out.write(Index.make((*kept, *content.named)).raw)


def _directory(dest: str) -> Path:
    if dest in ("", "-"):
        raise UsageError("tar=false needs a directory", hint="add dest=DIRECTORY")
    path = Path(dest)
    if not path.parent.is_dir():
        raise UsageError(
            f"destination directory {path.parent} does not exist", hint="create it first"
        )
    if path.exists() and not path.is_dir():
        raise UsageError(f"destination {dest} is not a directory")
    return path


def _others(index: Path, content: Content) -> tuple[Descriptor, ...]:
    """What an index names already, without the names and images that are written anew."""
    if not index.exists():
        return ()
    with index.open("rb") as file:
        raw = file.read(_MOST_INDEX_BYTES + 1)
    if len(raw) > _MOST_INDEX_BYTES:
        raise Corrupt(f"{index} is too large for an index")
    names = {_name(one) for one in content.named}
    digests = {one.digest for one in content.named}
    return tuple(
        one
        for one in Index.parse(raw).manifests
        if one.digest not in digests and (not _name(one) or _name(one) not in names)
    )


def _name(descriptor: Descriptor) -> str:
    annotations = descriptor.annotation
    return annotations.get(_IMAGE_NAME, "") or annotations.get(_REF_NAME, "")
