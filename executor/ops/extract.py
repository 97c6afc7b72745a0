"""Owns the unpacking of archives that ADD finds: detection, decompression, and where members go.

An archive is a stranger's program for a file system: names are cleaned, links are followed inside the root only,
counts are bounded, and nothing is written but one unnamed temporary file with the plain tar. It refuses sparse and
broken archives, and to materialise members: they become entries that read from that file.
"""

from __future__ import annotations

import os
import posixpath
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from lithify.errors import BuildError
from lithify.executor.entries import Entry, Kind
from lithify.executor.layer import is_kept_xattr
from lithify.executor.ops.decompress import BROKEN, decompressed, is_tar_header
from lithify.executor.tarheader import BLOCK
from lithify.executor.tarreader import clean_path, read_tar
from lithify.executor.tree import changed, read_verified, stat_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.executor.ops.upper import Directory, Upper
    from lithify.executor.tree import Stat, Tree

_CHUNK = 1024 * 1024
_MOST_MEMBERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Archive:
    """A plain tar in an unnamed file, which lives until the last entry that reads from it is dropped."""

    file: BinaryIO
    what: str

    def write(self, data: bytes) -> None:
        """Raises BuildError when the disk is full."""
        try:
            self.file.write(data)
        except OSError as error:
            raise BuildError(f"cannot unpack {self.what}: {error.strerror}") from error

    def write_all(self, source: BinaryIO) -> None:
        """The rest of a stream. Raises BuildError when it is broken or the disk is full."""
        while chunk := self._read(source):
            self.write(chunk)

    def _read(self, source: BinaryIO) -> bytes:
        try:
            return source.read(_CHUNK)
        except BROKEN as error:
            raise BuildError(f"cannot unpack {self.what}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Slice:
    """The bytes of a member."""

    archive: Archive
    start: int
    size: int

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        at, end = self.start, self.start + self.size
        while at < end:
            chunk = os.pread(self.archive.file.fileno(), min(end - at, _CHUNK), at)
            if not chunk:
                raise BuildError(f"{self.archive.what} ends within a file")
            at += len(chunk)
            write(chunk)


def open_archive(tree: Tree, path: str, stat: Stat, temporary: Path) -> Archive | None:
    """The archive that a regular file is, decompressed; None if it is none, whatever its name says.

    Content decides: gzip, bzip2, xz, zstd or nothing, around a tar header (reference semantics, ADD). Raises
    BuildError when the file can't be read, changed meanwhile, or the disk is full."""
    if not stat.size:
        return None
    with os.fdopen(tree.open(path), "rb") as source:
        plain = decompressed(source)
        try:
            head = _read_full(plain, BLOCK)
        except BROKEN:
            # Something that begins like compressed data and is not: an ordinary file to copy.
            return None
        if not is_tar_header(head):
            return None
        spool = tempfile.TemporaryFile(dir=temporary)  # noqa: SIM115 - the entries keep it
        archive = Archive(spool, f'archive "/{path}"')
        if plain is source:
            os.lseek(source.fileno(), 0, os.SEEK_SET)
            read_verified(source.fileno(), path, stat, archive.write)
        else:
            archive.write(head)
            archive.write_all(plain)
            if stat_of(os.fstat(source.fileno())).identity != stat.identity:
                raise changed(path)
        return archive


def extract(
    archive: Archive, upper: Upper, destination: str, owner: tuple[int, int] | None
) -> None:
    """Put all members below a directory (a path without symlinks); `owner` overrides theirs.

    A member replaces what has its name, except that directories merge; `..` and absolute names stay below the
    destination, links on the way stay inside the root. Raises Corrupt, BuildError."""
    archive.file.seek(0)
    unpacker = _Unpacker(archive, upper, destination, owner)
    for number, member in enumerate(read_tar(archive.file, archive.what)):
        if number >= _MOST_MEMBERS:
            raise BuildError(f"{archive.what} has more than {_MOST_MEMBERS} members")
        if member.entry.path:
            unpacker.place(member.entry, member.size)


class _Unpacker:
    def __init__(
        self, archive: Archive, upper: Upper, destination: str, owner: tuple[int, int] | None
    ) -> None:
        self._archive = archive
        self._upper = upper
        self._destination = destination
        self._owner = owner
        #: Where the members of the directory met last go; forgotten whenever a link may lead elsewhere.
        self._last: tuple[str, str, Directory] | None = None

    def place(self, entry: Entry, size: int) -> None:
        """Put the member that the archive's file has just been read up to."""
        if entry.kind is Kind.SYMLINK and not entry.target:
            raise self._error(f"{entry.path!r} is a symbolic link to nothing")
        above, _, name = entry.path.rpartition("/")
        at, directory = self._directory(above)
        path = posixpath.join(at, name)
        if self._owner is not None:
            entry.uid, entry.gid = self._owner
        entry.xattrs = tuple(pair for pair in entry.xattrs if is_kept_xattr(pair[0]))
        if entry.kind is Kind.DIRECTORY:
            if not self._upper.child_is_directory(directory, path, name):
                self._last = None
            self._upper.put_directory(directory, path, entry)
            return
        if name in directory.children or directory.below:
            self._last = None
        if entry.kind is Kind.HARDLINK:
            self._link(entry, directory, path)
            return
        if entry.kind is Kind.FILE:
            entry.content = _Slice(self._archive, self._archive.file.tell(), size)
        self._upper.put(directory, name, entry)

    def _error(self, what: str) -> BuildError:
        return BuildError(f"cannot unpack {self._archive.what}: {what}")

    def _directory(self, above: str) -> tuple[str, Directory]:
        if self._last is None or self._last[0] != above:
            at = self._upper.resolve(posixpath.join(self._destination, above))
            self._last = (above, at, self._upper.directory(at, 0o755, self._owner or (0, 0)))
        return self._last[1], self._last[2]

    def _link(self, entry: Entry, directory: Directory, path: str) -> None:
        target = posixpath.join(self._destination, clean_path(entry.target))
        target = self._upper.resolve(target, follow_last=False)
        if target == path:
            return
        found = self._upper.adopt(target)
        if found is None:
            raise self._error(
                f"{entry.path!r} is a hard link to {entry.target!r}, which is no file"
            )
        self._upper.put(directory, posixpath.basename(path), found)


def _read_full(source: BinaryIO, size: int) -> bytes:
    parts: list[bytes] = []
    while size and (chunk := source.read(size)):
        parts.append(chunk)
        size -= len(chunk)
    return b"".join(parts)
