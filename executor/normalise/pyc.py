"""Owns the normaliser of Python bytecode: headers that name a time which the layer does not keep.

A `.pyc` is valid while its header holds the time and size of its source. The layer gives the source
another time, which would make Python compile it again at each start; so the header gets the
source's hash instead, which no time can make stale (PEP 552). It refuses bytecode that was stale
already, or whose source is nowhere.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.executor.snapshot.changes import Changes

_HEADER = struct.Struct("<4sIII")
_MOST_BYTES = 64 * 1024 * 1024
_MAGIC_END = b"\r\n"
#: Magic numbers of the first Python with flags in the header (3.7), with SipHash-1-3 (3.11).
_FIRST_WITH_FLAGS = 3390
_FIRST_WITH_SIPHASH13 = 3495
_LAST_KNOWN = 4000
_HASHED_AND_CHECKED = 3


def settle_bytecode(changes: Changes) -> list[str]:
    return [path for path in changes.files() if path.endswith(".pyc") and _settle(changes, path)]


def _settle(changes: Changes, path: str) -> bool:
    source = _source_of(path)
    mtime = changes.stamp(source)
    if mtime is None or mtime == changes.canonical_time(source):
        return False
    code = changes.read(path, _MOST_BYTES)
    text = changes.read(source, _MOST_BYTES)
    if code is None or text is None or len(code) < _HEADER.size:
        return False
    header = _header(code, text, mtime, changes.canonical_time(source) or 0)
    if header is None:
        return False
    changes.replace(path, header + code[_HEADER.size :])
    return True


def _header(code: bytes, text: bytes, mtime: int, canonical_time: int) -> bytes | None:
    """The new header; None if the bytecode does not belong to this source or is of an unknown
    kind."""
    magic, flags, stamp, size = _HEADER.unpack_from(code)
    number = int.from_bytes(magic[:2], "little")
    if magic[2:] != _MAGIC_END or not _FIRST_WITH_FLAGS <= number <= _LAST_KNOWN or flags:
        return None
    if stamp != mtime & 0xFFFFFFFF or size != len(text) & 0xFFFFFFFF:
        return None
    if number < _FIRST_WITH_SIPHASH13:
        return _HEADER.pack(magic, 0, canonical_time & 0xFFFFFFFF, size)
    return struct.pack("<4sI", magic, _HASHED_AND_CHECKED) + _source_hash(magic, text)


def _source_hash(magic: bytes, text: bytes) -> bytes:
    """SipHash-1-3 of the source under the bytecode's own magic number, as its Python would compute
    it."""
    import _imp

    return _imp.source_hash(int.from_bytes(magic, "little"), text)


def _source_of(path: str) -> str:
    """`a/__pycache__/b.cpython-312.opt-1.pyc` comes from `a/b.py`, `a/b.pyc` too (PEP 3147)."""
    directory, _, name = path.rpartition("/")
    stem = name.removesuffix(".pyc")
    if directory == "__pycache__" or directory.endswith("/__pycache__"):
        directory = directory.removesuffix("__pycache__").rstrip("/")
        stem = stem.split(".", 1)[0]
    return f"{directory}/{stem}.py" if directory else f"{stem}.py"
