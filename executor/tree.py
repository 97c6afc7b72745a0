"""Owns the read-only view of a file tree: a directory descriptor under which every path stays.

It exists because trees hold what strangers wrote: a path is followed component by component inside the root, and
opened by descriptor without following any link, so no name and no race can lead out. It refuses to write.

Paths are relative to the root without leading or trailing slash ('' is the root), undecodable bytes as surrogate
escapes.
"""

from __future__ import annotations

import os
import stat as stat_bits
from contextlib import contextmanager
from errno import EACCES, ELOOP, ENOENT, ENOTDIR, ENOTSUP, ENXIO, EPERM
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lithify.errors import BuildError
from lithify.executor import syscalls
from lithify.executor.layer import is_kept_xattr
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.executor.entries import Content

_CHUNK = 1024 * 1024
_MOST_LINKS = 255
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_BELOW = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_ABSENT = frozenset({ENOENT, ENOTDIR, ELOOP})

Xattrs = tuple[tuple[str, bytes], ...]


class Stat(NamedTuple):
    """What a tree tells of an object; a fifth of the memory of `os.stat_result`."""

    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    ctime_ns: int
    dev: int
    ino: int
    nlink: int
    rdev: int

    @property
    def is_directory(self) -> bool:
        return stat_bits.S_ISDIR(self.mode)

    @property
    def is_symlink(self) -> bool:
        return stat_bits.S_ISLNK(self.mode)

    @property
    def is_regular(self) -> bool:
        return stat_bits.S_ISREG(self.mode)

    @property
    def identity(self) -> tuple[int, int, int, int, int]:
        """Changes whenever the object's content does."""
        return self.dev, self.ino, self.size, self.mtime_ns, self.ctime_ns


class Tree(Protocol):
    """A file tree to read. Missing is never an error here; unreadable is a BuildError that names the path."""

    def lstat(self, path: str) -> Stat | None:
        """The object at a path none of whose parents is a symlink; None if there is none."""

    def readlink(self, path: str) -> str | None:
        """The text of the symlink at a path; None for anything else or nothing."""

    def scan(self, path: str) -> list[tuple[str, Stat]]:
        """The children of a directory in the order of their names' bytes."""

    def open(self, path: str) -> int:
        """A descriptor of a regular file or directory for reading; the caller closes."""

    def xattrs(self, path: str, stat: Stat) -> Xattrs:
        """Those extended attributes that layers carry, sorted by name."""

    def content(self, path: str, stat: Stat) -> Content:
        """The bytes of a regular file that was described by `stat`."""

    def why_absent(self, path: str) -> str:
        """What to do about a path that is not there, if this tree hides it; else ''."""


class TreeView:
    """The tree below a directory descriptor, which stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def lstat(self, path: str) -> Stat | None:
        try:
            with _opened(self._fd, path, os.O_PATH | os.O_NOFOLLOW) as fd:
                return self.describe(os.fstat(fd))
        except OSError as error:
            _raise_unless_absent(error, path)
            return None

    def readlink(self, path: str) -> str | None:
        try:
            with _opened(self._fd, path, os.O_PATH | os.O_NOFOLLOW) as fd:
                if not stat_bits.S_ISLNK(os.fstat(fd).st_mode):
                    return None
                return os.readlink("", dir_fd=fd)
        except OSError as error:
            _raise_unless_absent(error, path)
            return None

    def scan(self, path: str) -> list[tuple[str, Stat]]:
        try:
            with (
                _opened(self._fd, path, os.O_RDONLY | os.O_DIRECTORY) as fd,
                os.scandir(fd) as found,
            ):
                describe = self.describe
                children = [(one.name, describe(one.stat(follow_symlinks=False))) for one in found]
        except OSError as error:
            raise unreadable(path, error) from error
        children.sort(key=_name_bytes)
        return children

    def open(self, path: str) -> int:
        try:
            return syscalls.openat2(self._fd, path or ".", _READ, resolve=_BELOW)
        except OSError as error:
            raise unreadable(path, error) from error

    def xattrs(self, path: str, stat: Stat) -> Xattrs:
        if not (stat.is_regular or stat.is_directory):
            return ()
        try:
            with _opened(self._fd, path, _READ) as fd:
                return xattrs_of(fd)
        except OSError as error:
            if error.errno == ENXIO:
                return ()  # a socket, which a context shows as an empty file
            raise unreadable(path, error) from error

    def content(self, path: str, stat: Stat) -> Content:
        return FileContent(self, path, stat)

    def why_absent(self, path: str) -> str:
        return ""

    def describe(self, raw: os.stat_result) -> Stat:
        """An object as this tree shows it."""
        return stat_of(raw)


class EmptyTree:
    """A tree with nothing but its root."""

    def lstat(self, path: str) -> Stat | None:
        return None if path else Stat(stat_bits.S_IFDIR | 0o755, 0, 0, 0, 0, 0, 0, 0, 2, 0)

    def readlink(self, path: str) -> str | None:
        return None

    def scan(self, path: str) -> list[tuple[str, Stat]]:
        return []

    def open(self, path: str) -> int:
        raise BuildError(f'cannot open "/{path}": the file system is empty')

    def xattrs(self, path: str, stat: Stat) -> Xattrs:
        return ()

    def content(self, path: str, stat: Stat) -> Content:
        raise BuildError(f'cannot read "/{path}": the file system is empty')

    def why_absent(self, path: str) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a regular file of a tree, as long as it stays the file that `stat` described."""

    tree: Tree
    path: str
    stat: Stat

    @property
    def size(self) -> int:
        return self.stat.size

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        if not self.stat.size:
            return
        fd = self.tree.open(self.path)
        try:
            read_verified(fd, self.path, self.stat, write)
        finally:
            os.close(fd)


def read_verified(fd: int, path: str, stat: Stat, write: Callable[[bytes], object]) -> None:
    """Pass the bytes of an open file on, in chunks of at most 1 MiB.

    Raises BuildError unless the file is afterwards, and therefore was all the time, what `stat` described: nobody can
    set back the time of its last change."""
    try:
        left = stat.size
        while left:
            chunk = os.read(fd, min(left, _CHUNK))
            if not chunk:
                raise changed(path)
            left -= len(chunk)
            write(chunk)
        _check_unchanged(fd, path, stat)
    except OSError as error:
        raise unreadable(path, error) from error


def xattrs_of(fd: int) -> Xattrs:
    """The extended attributes that layers carry of an open file or directory, sorted. Raises OSError."""
    try:
        names = os.listxattr(fd)
    except OSError as error:
        if error.errno == ENOTSUP:
            return ()
        raise
    if not names:
        return ()
    return tuple((name, os.getxattr(fd, name)) for name in sorted(names) if is_kept_xattr(name))


def resolve(path: str, readlink: Callable[[str], str | None], *, follow_last: bool = True) -> str:
    """The path with every symlink followed inside the root, absolute targets included.

    `..` never leaves the root; what does not exist is kept as it is written. Raises BuildError for a loop."""
    todo = path.split("/")[::-1]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        done.append(part)
        if not todo and not follow_last:
            break
        target = readlink("/".join(done))
        if target is None:
            continue
        links += 1
        if links > _MOST_LINKS:
            raise BuildError(f'cannot follow "/{path}": too many levels of symbolic links')
        done = [] if target.startswith("/") else done[:-1]
        todo.extend(target.split("/")[::-1])
    return "/".join(done)


def clean(path: str) -> str:
    """A path as written in a Dockerfile, relative to the root: `/a//b/../c/` is `a/c`."""
    return resolve(path, lambda _: None)


def stat_of(raw: os.stat_result) -> Stat:
    return Stat(
        raw.st_mode,
        raw.st_uid,
        raw.st_gid,
        raw.st_size,
        raw.st_mtime_ns,
        raw.st_ctime_ns,
        raw.st_dev,
        raw.st_ino,
        raw.st_nlink,
        raw.st_rdev,
    )


def changed(path: str) -> BuildError:
    return BuildError(
        f'"/{path}" changed while it was being read', hint="build again when nothing writes to it"
    )


def unreadable(path: str, error: OSError) -> BuildError:
    hint = ""
    if error.errno in (EACCES, EPERM):
        hint = "make it readable for the user who builds, or exclude it in .dockerignore"
    return BuildError(f'cannot read "/{path}": {error.strerror}', hint=hint)


@contextmanager
def _opened(root: int, path: str, flags: int) -> Iterator[int]:
    fd = syscalls.openat2(root, path or ".", flags, resolve=_BELOW)
    try:
        yield fd
    finally:
        os.close(fd)


def _raise_unless_absent(error: OSError, path: str) -> None:
    if error.errno not in _ABSENT:
        raise unreadable(path, error) from error


def _check_unchanged(fd: int, path: str, stat: Stat) -> None:
    raw = os.fstat(fd)
    now = (raw.st_dev, raw.st_ino, raw.st_size, raw.st_mtime_ns, raw.st_ctime_ns)
    if now != stat.identity:
        raise changed(path)


def _name_bytes(child: tuple[str, Stat]) -> bytes:
    return os.fsencode(child[0])
