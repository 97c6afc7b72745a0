"""Owns the recognition and reading of compressed streams, by content, never by name.

One interface stands over the four decompressors so that callers see only bytes and one set of errors. It
refuses to hold a stream in memory: dictionaries are bounded, and output comes in the pieces that are asked for.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from lithify.executor.tarheader import BLOCK

if TYPE_CHECKING:
    import lzma

#: What reading a broken stream raises.
BROKEN = (OSError, EOFError, ValueError, zlib.error)

_CHUNK = 256 * 1024
#: Enough for `xz -9e` (64 MiB) and its relatives; more is a bomb.
_XZ_MEMORY_BYTES = 256 * 1024 * 1024
_LONGEST_MAGIC = 6
_CHECKSUM = slice(148, 156)


def decompressed(source: BinaryIO) -> BinaryIO:
    """A stream of the plain bytes of a seekable file; the file itself, rewound, if it is not compressed.

    Reading raises one of `BROKEN` for what is broken."""
    magic = source.read(_LONGEST_MAGIC)
    source.seek(0)
    if magic.startswith(b"\x1f\x8b\x08"):
        import gzip

        return cast(BinaryIO, gzip.GzipFile(fileobj=source))
    if magic.startswith(b"BZh"):
        import bz2

        return cast(BinaryIO, bz2.BZ2File(source))
    if magic.startswith(b"\xfd7zXZ\0"):
        return cast(BinaryIO, io.BufferedReader(_Xz(source), _CHUNK))
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return cast(BinaryIO, io.BufferedReader(_Zstd(source), _CHUNK))
    return source


def is_tar_header(block: bytes) -> bool:
    """Whether a block is the header of a tar member: its checksum holds, and it is not all zero."""
    if len(block) != BLOCK or not any(block):
        return False
    digits = block[_CHECKSUM].split(b"\0", 1)[0].strip(b" ")
    if not digits or any(digit not in b"01234567" for digit in digits):
        return False
    return int(digits, 8) == sum(block) - sum(block[_CHECKSUM]) + 8 * 0x20


class _Zstd(io.RawIOBase):
    def __init__(self, source: BinaryIO) -> None:
        import zstandard

        self._error = zstandard.ZstdError
        self._reader = zstandard.ZstdDecompressor().stream_reader(
            source, read_across_frames=True, closefd=False
        )

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._reader.read(len(buffer))
        except self._error as error:
            raise ValueError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)


class _Xz(io.RawIOBase):
    """Concatenated xz streams with bounded memory, which the library's file object does not offer."""

    def __init__(self, source: BinaryIO) -> None:
        import lzma

        self._lzma = lzma
        self._source = source
        self._decompressor: lzma.LZMADecompressor | None = self._fresh()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._read(len(buffer))
        except self._lzma.LZMAError as error:
            raise ValueError(str(error)) from error
        buffer[: len(data)] = data
        return len(data)

    def _fresh(self) -> lzma.LZMADecompressor:
        return self._lzma.LZMADecompressor(self._lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_BYTES)

    def _read(self, size: int) -> bytes:
        while self._decompressor is not None:
            if self._decompressor.eof:
                self._next_stream(self._decompressor.unused_data)
                continue
            given = self._source.read(_CHUNK) if self._decompressor.needs_input else b""
            if self._decompressor.needs_input and not given:
                raise EOFError("the xz stream ends too early")
            data = self._decompressor.decompress(given, size)
            if data:
                return data
        return b""

    def _next_stream(self, rest: bytes) -> None:
        """Padding of zeros may stand between streams (xz file format, stream padding)."""
        while not (rest := rest.lstrip(b"\0")) and (more := self._source.read(_CHUNK)):
            rest = more
        self._decompressor = self._fresh() if rest else None
        if self._decompressor is not None:
            self._source.seek(-len(rest), io.SEEK_CUR)
