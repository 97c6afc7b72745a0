"""Owns the reading of tar streams that nobody vouches for, front to back, in bounded memory.

Archives arrive from pipes and are never unpacked by name, so all that is needed are names, kinds, sizes and bytes;
tarfile would read headers of any promised size into memory. It refuses to touch a file system.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from lithify.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512
_CHUNK_BYTES = 256 * 1024
#: Largest extended header; PATH_MAX and xattrs need far less.
_MOST_HEADER_BYTES = 1024 * 1024
_ZEROS = bytes(_BLOCK)
_OCTAL = re.compile(rb"[ \0]*([0-7]*)[ \0]*\Z")
_KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink"}


@dataclass(frozen=True, slots=True)
class TarEntry:
    """`kind` is file, hardlink, symlink or other; `target` is where a link leads."""

    name: str
    kind: str
    size: int
    target: str


class TarReader:
    """Iterates over a tar's entries; `read` gives the bytes of the current one.

    After the last entry the source was read to its end. Raises Corrupt for what is no tar."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        extended: dict[str, str] = {}
        while (header := self._next_header()) is not None:
            size = _number(header[124:136])
            kind = header[156:157]
            self._left, self._padding = size, -size % _BLOCK
            if kind in b"xLK":
                extended |= self._extended(kind)
            elif kind == b"S":
                raise Corrupt("the archive holds GNU sparse files; make it without --sparse")
            elif kind != b"g":
                yield self._entry(header, extended)
                extended = {}

    def read(self, most: int = _CHUNK_BYTES) -> bytes:
        """The next bytes of the current entry; empty at its end. Raises Corrupt if it is cut off."""
        if not self._left:
            return b""
        data = self._source.read(min(most, self._left))
        if not data:
            raise Corrupt("the archive ends in the middle of a file")
        self._left -= len(data)
        return data

    def _next_header(self) -> bytes | None:
        while self.read():
            pass
        self._exactly(self._padding)
        self._padding = 0
        header = self._exactly(_BLOCK, or_end=True)
        if not header or header == _ZEROS:
            while self._source.read(_CHUNK_BYTES):
                pass
            return None
        total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
        if _number(header[148:156]) != total:
            raise Corrupt("this is not a tar archive (a header's checksum is wrong)")
        return header

    def _exactly(self, size: int, or_end: bool = False) -> bytes:
        data = b""
        while len(data) < size and (piece := self._source.read(size - len(data))):
            data += piece
        if len(data) < size and (data or not or_end):
            raise Corrupt("the archive ends too early")
        return data

    def _extended(self, kind: bytes) -> dict[str, str]:
        if self._left > _MOST_HEADER_BYTES:
            raise Corrupt("an extended header of the archive is too large")
        data = self._exactly(self._left)
        self._left = 0
        if kind == b"x":
            return _pax(data)
        return {"path" if kind == b"L" else "linkpath": _text(data)}

    def _entry(self, header: bytes, extended: dict[str, str]) -> TarEntry:
        name, prefix = _text(header[:100]), _text(header[345:500])
        if prefix and header[257:263] == b"ustar\0":
            name = f"{prefix}/{name}"
        if "size" in extended:
            if not re.fullmatch(r"[0-9]{1,19}", extended["size"]):
                raise Corrupt("the archive holds a bad size")
            self._left = int(extended["size"])
            self._padding = -self._left % _BLOCK
        kind = _KINDS.get(header[156:157], "other")
        target = extended.get("linkpath", _text(header[157:257]))
        return TarEntry(extended.get("path", name), kind, self._left, target)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int:
    """An octal or base-256 number (POSIX ustar; GNU and star for large ones)."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:])
        if value >= 1 << 63:
            raise Corrupt("the archive holds a bad number")
        return value
    match = _OCTAL.match(field)
    if match is None:
        raise Corrupt("this is not a tar archive (a header holds a bad number)")
    return int(match[1] or b"0", 8)


def _pax(data: bytes) -> dict[str, str]:
    """The records of a PAX header that matter here (POSIX pax, extended header)."""
    found: dict[str, str] = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or len(length) > 8:
            raise Corrupt("an extended header of the archive is damaged")
        record, data = data[len(length) + 1 : int(length)], data[int(length) :]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise Corrupt("an extended header of the archive is damaged")
        if key in (b"path", b"linkpath", b"size"):
            found[key.decode()] = value[:-1].decode("utf-8", "surrogateescape")
    return found
