"""Owns the wrapping of an image layout into a tar.

Members are sorted and carry no times, so that equal images are equal archives. It refuses to know
what the members mean.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

from lithify.executor import tarheader

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.executor.export.layout import Content

_CHUNK = 1024 * 1024
_DIRECTORIES = ("blobs/", "blobs/sha256/")


def write_archive(
    content: Content, files: dict[str, bytes], blobs: FileBlobStore, out: BinaryIO
) -> None:
    """Write the blobs of a layout and further top-level `files`. Raises ContentError, OSError."""
    members: dict[str, bytes | None] = dict.fromkeys(_DIRECTORIES)
    members |= {f"blobs/sha256/{one.digest.hex}": None for one in content.stored}
    members |= {f"blobs/sha256/{digest.hex}": data for digest, data in content.documents}
    members |= files
    descriptors = {f"blobs/sha256/{one.digest.hex}": one for one in content.stored}
    for name, data in sorted(members.items()):
        if name in _DIRECTORIES:
            out.write(tarheader.header(name.encode(), tarheader.DIRECTORY, mode=0o755))
        elif data is not None:
            _write_file(name, len(data), out)
            out.write(data + tarheader.padding(len(data)))
        else:
            descriptor = descriptors[name]
            _write_file(name, descriptor.size, out)
            with closing(blobs.open_verified(descriptor)) as source:
                while chunk := source.read(_CHUNK):
                    out.write(chunk)
            out.write(tarheader.padding(descriptor.size))
    out.write(tarheader.END_OF_ARCHIVE)


def _write_file(name: str, size: int, out: BinaryIO) -> None:
    out.write(tarheader.header(name.encode(), tarheader.FILE, mode=0o444, size=size))
