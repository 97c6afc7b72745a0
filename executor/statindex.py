"""Owns the memory of a context's files between builds: what the file system says of a file -> its digest.

It exists so that one changed file among many costs one read. A file is remembered under its device, inode, size and
both times, and only if it had been at rest long enough that any later change must show in them. The index is a hint
for this machine: a missing or damaged one costs time, never correctness. It refuses files with attributes.
"""

from __future__ import annotations

import os
import struct
import threading
from contextlib import suppress
from tempfile import mkstemp
from typing import TYPE_CHECKING

import xxhash

from lithify.executor.filehash import FileDigest
from lithify.executor.fingerprint import is_at_rest

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.executor.tree import Stat

_MAGIC = b"lithify stat index 1\n"
_ROW = struct.Struct("<5Q32s")
_MASK = 0xFFFFFFFFFFFFFFFF
_CHECK_BYTES = 16
#: Rows that this build did not use are kept for builds of other parts of the context, but not without bound:
#: a file that was touched leaves its old row behind.
_SPARE_ROWS = 1000

Identity = tuple[int, int, int, int, int]


class StatIndex:
    """Digests of one context's files (see FileDigests); `save` keeps them for the next build."""

    def __init__(self, path: Path, tmp: Path, *, opened_ns: int) -> None:
        """`path` is the index file, `tmp` a directory of the same file system; `opened_ns` is Unix time
        before anything of the context was looked at."""
        self._path = path
        self._tmp = tmp
        self._opened_ns = opened_ns
        self._lock = threading.Lock()
        self._loaded: dict[Identity, bytes] | None = None
        self._known: dict[Stat, FileDigest] = {}
        self._fresh: dict[Identity, bytes] = {}

    def get(self, stat: Stat) -> FileDigest | None:
        known = self._known.get(stat)
        if known is not None:
            return known
        digest = self._rows().get(_identity(stat))
        if digest is None:
            return None
        known = self._known[stat] = FileDigest(digest)
        return known

    def put(self, stat: Stat, digest: FileDigest) -> None:
        self._known[stat] = digest
        if not digest.xattrs and is_at_rest(stat, self._opened_ns):
            self._fresh[_identity(stat)] = digest.content

    def save(self) -> None:
        """Write what was learned, if anything was; a failure only costs the next build time."""
        if not self._fresh:
            return
        rows = {**self._rows(), **self._fresh}
        used = {_identity(stat) for stat in self._known}
        if len(rows) > 2 * len(used) + _SPARE_ROWS:
            rows = {identity: rows[identity] for identity in used if identity in rows}
        body = b"".join(_ROW.pack(*identity, digest) for identity, digest in rows.items())
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            fd, name = mkstemp(dir=self._tmp)
            with open(fd, "wb") as file:
                file.write(_MAGIC + xxhash.xxh3_128_digest(body) + body)
            os.rename(name, self._path)

    def _rows(self) -> dict[Identity, bytes]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _read(self._path)
            return self._loaded


def _identity(stat: Stat) -> Identity:
    # Times before 1970 wrap around, which keeps them distinct.
    dev, ino, size, mtime, ctime = stat.identity
    return dev, ino, size, mtime & _MASK, ctime & _MASK


def _read(path: Path) -> dict[Identity, bytes]:
    """The rows of an index file; none if it is missing, of another form or damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    start = len(_MAGIC) + _CHECK_BYTES
    body = memoryview(data)[start:]
    is_whole = data.startswith(_MAGIC) and len(body) % _ROW.size == 0
    if not is_whole or xxhash.xxh3_128_digest(body) != data[len(_MAGIC) : start]:
        return {}
    return {row[:5]: row[5] for row in _ROW.iter_unpack(body)}
