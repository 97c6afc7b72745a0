"""Owns archives that are build contexts: recognising them, and unpacking them into a directory.

A context's archive is written by its client but may come from anywhere: names are resolved by descriptor below the
new directory, no link is followed, and counts and sizes are bounded. Owners are left to the context, which shows
everything as 0:0. It refuses members below a link and device nodes, which no context needs.

Specification: section 8.4.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO

from lithify.errors import BuildError, Corrupt
from lithify.executor import syscalls
from lithify.executor.entries import Kind
from lithify.executor.ops.decompress import BROKEN, decompressed, is_tar_header
from lithify.executor.tarheader import BLOCK
from lithify.executor.tarreader import read_tar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.executor.entries import Entry
    from lithify.executor.tarreader import TarMember

_MOST_MEMBERS = 1_000_000
_MOST_BYTES = 64 * 1024**3
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BENEATH = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_SECOND_NS = 1_000_000_000


def is_archive(source: BinaryIO) -> bool:
    """Whether a seekable file is compressed or begins with the header of a tar; rewinds it."""
    plain = decompressed(source)
    head = b"" if plain is not source else source.read(BLOCK)
    source.seek(0)
    return plain is not source or is_tar_header(head)


def unpack_context(source: BinaryIO, directory: Path, what: str, check: Callable[[], None]) -> int:
    """Unpack an archive into an empty directory; the newest time of its files in seconds.

    `check` is called between members and may raise to stop. Raises Corrupt for what is no readable tar, BuildError
    for what is too large or can't be written."""
    root = os.open(directory, _DIRECTORY)
    unpacker = _Unpacker(root, what)
    try:
        for number, member in enumerate(read_tar(_Plain(source, what), what)):
            if number >= _MOST_MEMBERS:
                raise BuildError(f"{what} has more than {_MOST_MEMBERS} members")
            check()
            unpacker.add(member)
        unpacker.finish()
    except OSError as error:
        raise BuildError(f"cannot unpack {what}: {error.strerror}") from error
    finally:
        os.close(root)
    return unpacker.newest_s


class _Plain:
    """The plain bytes of a file, with one kind of error for all that may be broken, and an end."""

    def __init__(self, source: BinaryIO, what: str) -> None:
        self._plain = decompressed(source)
        self._what = what
        self._left = _MOST_BYTES

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._plain.read(size)
        except BROKEN as error:
            raise Corrupt(f"{self._what} is not a readable archive: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise BuildError(f"{self._what} holds more than {_MOST_BYTES} bytes")
        return data


class _Unpacker:
    """Fills a directory; modes and times of directories come last, for filling needs and changes them."""

    def __init__(self, root: int, what: str) -> None:
        self._root = root
        self._what = what
        self._directories: dict[str, Entry] = {}
        self.newest_s = 0

    def add(self, member: TarMember) -> None:
        entry = member.entry
        if entry.kind is Kind.DIRECTORY:
            if entry.path:
                os.close(self._directory(entry.path))
                self._directories[entry.path] = entry
            return
        above, _, name = entry.path.rpartition("/")
        if not name:
            raise Corrupt(f"{self._what} makes its root something else than a directory")
        if entry.kind in (Kind.CHARACTER, Kind.BLOCK):
            raise BuildError(
                f"{self._what} holds the device {entry.path!r}", hint="make the archive without it"
            )
        parent = self._directory(above)
        try:
            self._clear(parent, name, entry)
            self._make(parent, name, member)
        finally:
            os.close(parent)

    def finish(self) -> None:
        """Dress the directories, the deepest first."""
        for path, entry in sorted(self._directories.items(), reverse=True):
            fd = self._open(path)
            try:
                os.fchmod(fd, stat.S_IMODE(entry.mode))
                _set_time(fd, entry)
            finally:
                os.close(fd)

    def _open(self, path: str) -> int:
        return syscalls.openat2(self._root, path or ".", _DIRECTORY, resolve=_BENEATH)

    def _directory(self, path: str) -> int:
        """A directory of the archive, made with its parents if it is not there; the caller closes."""
        try:
            return self._open(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._no_directory(path) from error
        fd = self._open("")
        for name in path.split("/"):
            try:
                child = self._child(fd, name)
            except OSError as error:
                raise self._no_directory(path) from error
            finally:
                os.close(fd)
            fd = child
        return fd

    def _child(self, parent: int, name: str) -> int:
        try:
            os.mkdir(name, 0o755, dir_fd=parent)
        except FileExistsError:
            return os.open(name, _DIRECTORY, dir_fd=parent)
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
        os.fchmod(fd, 0o755)
        return fd

    def _no_directory(self, path: str) -> Corrupt:
        return Corrupt(f"{self._what} puts something below {path!r}, which is no directory")

    def _clear(self, parent: int, name: str, entry: Entry) -> None:
        """A later member replaces a file of its name."""
        try:
            found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(found.st_mode):
            raise Corrupt(f"{self._what} replaces the directory {entry.path!r}")
        if entry.kind is not Kind.HARDLINK or entry.target != entry.path:
            os.unlink(name, dir_fd=parent)

    def _make(self, parent: int, name: str, member: TarMember) -> None:
        entry = member.entry
        match entry.kind:
            case Kind.FILE:
                self._make_file(parent, name, member)
            case Kind.SYMLINK:
                os.symlink(entry.target, name, dir_fd=parent)
            case Kind.HARDLINK:
                self._link(parent, name, entry)
            case _:
                os.mkfifo(name, stat.S_IMODE(entry.mode), dir_fd=parent)

    def _make_file(self, parent: int, name: str, member: TarMember) -> None:
        fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
        with os.fdopen(fd, "wb") as out:
            member.copy_to(out.write)
            out.flush()
            os.fchmod(fd, stat.S_IMODE(member.entry.mode))
            _set_time(fd, member.entry)
        self.newest_s = max(self.newest_s, member.entry.mtime or 0)

    def _link(self, parent: int, name: str, entry: Entry) -> None:
        if entry.target == entry.path:
            return
        above, _, target = entry.target.rpartition("/")
        try:
            source = self._open(above)
            try:
                os.link(target, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
            finally:
                os.close(source)
        except OSError as error:
            raise Corrupt(
                f"{self._what} links {entry.path!r} to {entry.target!r}, which is no file"
            ) from error


def _set_time(fd: int, entry: Entry) -> None:
    nanoseconds = (entry.mtime or 0) * _SECOND_NS
    os.utime(fd, ns=(nanoseconds, nanoseconds))
