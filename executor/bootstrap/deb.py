"""Owns the reading of one file out of a Debian package: deb(5), an ar archive around a compressed tar.

It exists so that a base image can be made where neither dpkg nor root is at hand. A package is content from outside:
sizes are bounded before anything is read, and nothing is ever unpacked by a name that the package chose.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, BinaryIO

from lithify.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60
_MOST_MEMBER_BYTES = 64 * 1024 * 1024
_MOST_FILE_BYTES = 32 * 1024 * 1024
_MOST_ENTRIES = 10_000


def read_file(package: BinaryIO, candidates: Sequence[str]) -> bytes:
    """The first regular file of the package whose path is one of `candidates` (relative, no `./`).

    Raises Corrupt when the package cannot be read, is too large or holds no such file."""
    name, data = _data_member(package)
    try:
        with tarfile.open(fileobj=io.BytesIO(_plain(name, data)), mode="r:") as archive:
            return _find(archive, candidates)
    except (tarfile.TarError, EOFError) as error:
        raise Corrupt(f"the package's {name} cannot be read: {error}") from error


def _data_member(package: BinaryIO) -> tuple[str, bytes]:
    if package.read(len(_MAGIC)) != _MAGIC:
        raise Corrupt("not a Debian package: it does not begin as an ar archive")
    while header := package.read(_HEADER_BYTES):
        if len(header) != _HEADER_BYTES or header[58:] != b"`\n":
            raise Corrupt("the package holds a damaged ar header")
        size = _size(header[48:58])
        data = package.read(size)
        if len(data) != size:
            raise Corrupt("the package ends early")
        name = header[:16].rstrip().rstrip(b"/").decode("ascii", "replace")
        if name.startswith("data.tar"):
            return name, data
        package.read(size % 2)
    raise Corrupt("the package holds no data.tar")


def _size(field: bytes) -> int:
    text = field.strip()
    if not text.isdigit() or int(text) > _MOST_MEMBER_BYTES:
        raise Corrupt("the package holds a member without a sensible size")
    return int(text)


def _plain(name: str, data: bytes) -> bytes:
    limit = _MOST_MEMBER_BYTES
    match name.removeprefix("data.tar"):
        case "":
            return data
        case ".xz":
            import lzma

            try:
                plain = lzma.LZMADecompressor(memlimit=256 * 1024 * 1024).decompress(data, limit)
            except lzma.LZMAError as error:
                raise Corrupt(f"the package's {name} cannot be decompressed: {error}") from error
        case ".gz":
            import zlib

            try:
                plain = zlib.decompressobj(wbits=31).decompress(data, limit)
            except zlib.error as error:
                raise Corrupt(f"the package's {name} cannot be decompressed: {error}") from error
        case ".zst":
            plain = _plain_zstd(name, data, limit)
        case suffix:
            raise Corrupt(f"the package's data is compressed in an unknown way: {suffix!r}")
    if len(plain) >= limit:
        raise Corrupt(f"the package's {name} is larger than {limit} bytes")
    return plain


def _plain_zstd(name: str, data: bytes, limit: int) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            return reader.read(limit)
    except zstandard.ZstdError as error:
        raise Corrupt(f"the package's {name} cannot be decompressed: {error}") from error


def _find(archive: tarfile.TarFile, candidates: Sequence[str]) -> bytes:
    for count, member in enumerate(archive):
        if count >= _MOST_ENTRIES:
            raise Corrupt(f"the package holds more than {_MOST_ENTRIES} files")
        if not member.isreg() or member.name.removeprefix("./") not in candidates:
            continue
        if member.size > _MOST_FILE_BYTES:
            raise Corrupt(f"{member.name} of the package is larger than {_MOST_FILE_BYTES} bytes")
        stream = archive.extractfile(member)
        assert stream is not None
        return stream.read()
    raise Corrupt(f"the package holds none of: {', '.join(candidates)}")
