"""Owns what a step changed: an overlay's upper directory, read as the entries of a layer.

While it reads, it brings the directory to the canonical form, so that the next step finds the same
world whether this one just ran or came from a cache. It refuses to decide which files matter:
normalisers do that between `scan` and `finish`.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.entries import Entry, Kind
from lithify.executor.layer import WHITEOUT_PREFIX
from lithify.executor.snapshot.attributes import (
    DEFAULT_DIRECTORY,
    OPAQUE_XATTR,
    ROOT_XATTR,
    Attributes,
    apply,
    has_mark,
    mark,
    set_time,
    set_time_at,
    strip_xattrs,
)
from lithify.executor.snapshot.lower import open_beneath
from lithify.executor.snapshot.unpack import is_whiteout, write_all
from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lithify.executor.snapshot.lower import Lower

_CHUNK = 1024 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
#: File systems stamp with the time of the last clock tick, which may lie before the step's start.
_TICK_NS = 20_000_000
#: Programs that carry a time along cut it off: `cp -p` and tar to seconds, zip to two of them.
_COARSEST_NS = 2_000_000_000
#: Names the rule of times in keys; it changes whenever a time in some layer would.
TIMES_FORM = "times/2"
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
}


@dataclass(frozen=True, slots=True)
class TimeRule:
    """The canonical time of what a step left: `started_ns` is in Unix nanoseconds, `logical_time`
    in seconds.

    What was stamped during the step gets the logical time, also where the stamp was cut off to the
    unit of a program before it was set again; older times stay, in whole seconds; with `clamp` none is later than the logical time (an explicit SOURCE_DATE_EPOCH)."""

    started_ns: int
    logical_time: int
    clamp: bool = False

    def canonical(self, mtime_ns: int) -> int:
        earliest_ns = self.started_ns - _TICK_NS
        if mtime_ns >= earliest_ns - earliest_ns % _COARSEST_NS:
            return self.logical_time
        seconds = mtime_ns // 1_000_000_000
        return min(seconds, self.logical_time) if self.clamp else seconds


@dataclass(frozen=True, slots=True)
class UpperFile:
    """Content of a regular file below an open directory."""

    root_fd: int
    path: str
    size: int

    def open(self) -> int:
        """Raises BuildError if the file is gone."""
        fd = open_beneath(self.root_fd, self.path, os.O_RDONLY)
        if fd is None:
            raise BuildError(f"cannot read {self.path!r}: it vanished while the layer was made")
        return fd

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        fd = self.open()
        left = self.size
        try:
            while left and (data := os.read(fd, min(left, _CHUNK))):
                write(data)
                left -= len(data)
        finally:
            os.close(fd)


@dataclass(slots=True)
class _Directory:
    path: str
    attributes: Attributes
    is_opaque: bool
    is_kept: bool = field(default=False)


class Changes:
    """The changes of one step, from `scan` over normalisers to `finish`."""

    def __init__(
        self, upper_fd: int, lower: Lower, times: TimeRule, stubs: frozenset[str] = frozenset()
    ) -> None:
        """`lower` is what the step stood on, without the stub layer whose paths `stubs` names."""
        self.lower = lower
        self.times = times
        self.notes: list[str] = []
        self._fd = upper_fd
        self._stubs = stubs
        self._objects: dict[str, Entry] = {}
        self._directories: dict[str, _Directory] = {}
        self._stamps: dict[str, int] = {}
        self._first_of: dict[int, str] = {}
        self._linked: set[str] = set()

    def scan(self) -> None:
        """Read the whole upper directory; nothing else may use it meanwhile. Raises BuildError,
        OSError."""
        waiting = [""]
        while waiting:
            path = waiting.pop()
            fd = open_beneath(self._fd, path, _DIRECTORY)
            if fd is None:
                raise BuildError(
                    f"cannot read the directory {path[:80]!r}...: its path is too long"
                )
            try:
                self._scan_directory(fd, path, waiting)
            finally:
                os.close(fd)

    def files(self) -> Iterable[str]:
        """Paths of the regular files that the step wrote and that have one name only."""
        return [
            path
            for path, entry in self._objects.items()
            if entry.kind is Kind.FILE and path not in self._linked
        ]

    def is_file(self, path: str) -> bool:
        """Whether `files` would list the path."""
        entry = self._objects.get(path)
        return entry is not None and entry.kind is Kind.FILE and path not in self._linked

    def stamp(self, path: str) -> int | None:
        """The original time of a file as the step saw it, in whole seconds; None if there is no
        such file."""
        stamp = self._stamps.get(path)
        if stamp is not None:
            return stamp // 1_000_000_000
        if self._is_hidden(path):
            return None
        status = self.lower.status(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        return status.st_mtime_ns // 1_000_000_000

    def canonical_time(self, path: str) -> int | None:
        """The time that the next step sees of a regular file, in seconds; None if there is no such
        file."""
        entry = self._objects.get(path)
        if entry is not None:
            return entry.mtime if entry.kind in (Kind.FILE, Kind.HARDLINK) else None
        return self.stamp(path)

    def read(self, path: str, limit: int) -> bytes | None:
        """The content of a regular file as the step left it; None if missing or of more than
        `limit` bytes."""
        entry = self._objects.get(path)
        if entry is None:
            return None if self._is_hidden(path) else self.lower.read(path, limit)
        if entry.kind is Kind.HARDLINK:
            entry = self._objects[entry.target]
        if not isinstance(entry.content, UpperFile) or entry.size > limit:
            return None
        with open(entry.content.open(), "rb") as file:
            return file.read(limit)

    def drop(self, path: str) -> None:
        """Undo the step's writing of a file: what lay below shows again."""
        with_parent = self._open_parent(path)
        try:
            os.unlink(path.rpartition("/")[2], dir_fd=with_parent)
        finally:
            os.close(with_parent)
        del self._objects[path]

    def replace(self, path: str, data: bytes) -> None:
        """Give a file other content; its attributes stay."""
        entry = self._objects[path]
        fd = open_beneath(self._fd, path, os.O_WRONLY | os.O_TRUNC)
        assert fd is not None
        try:
            write_all(fd, data)
            entry.content = UpperFile(self._fd, path, len(data))
            apply(fd, Attributes.of_entry(entry))
        finally:
            os.close(fd)

    def finish(self) -> list[Entry]:
        """The entries of the layer; the directory is then in canonical form.

        A directory that differs in nothing and holds nothing is left out: overlayfs copied it up
        only because something was tried or undone there."""
        for path in self._objects:
            self._keep_parents(path)
        entries = list(self._objects.values())
        for directory in reversed(self._directories.values()):
            if not directory.path:
                entries += self._finish_root(directory)
            elif self._is_change(directory):
                self._keep_parents(directory.path)
                entries += self._finish_directory(directory)
            else:
                self._remove_unchanged(directory.path)
        return entries

    # -- reading ------------------------------------------------------------------------------

    def _scan_directory(self, fd: int, path: str, waiting: list[str]) -> None:
        status = os.fstat(fd)
        attributes = Attributes.of_stat(status, strip_xattrs(fd))
        self._directories[path] = _Directory(path, attributes, self._is_opaque(fd, path))
        self._stamps[path] = status.st_mtime_ns
        with os.scandir(fd) as found:
            for one in found:
                inner = f"{path}/{one.name}" if path else one.name
                if one.name.startswith(WHITEOUT_PREFIX):
                    raise _reserved(inner)
                status = one.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(inner)
                else:
                    self._scan_object(fd, one.name, inner, status)

    def _is_opaque(self, fd: int, path: str) -> bool:
        """Whether the directory hides a lower one; a mark that hides nothing is taken off."""
        if not has_mark(fd, OPAQUE_XATTR):
            return False
        if path and self.lower.directory(path) is None:
            os.removexattr(fd, OPAQUE_XATTR)
            return False
        return True

    def _scan_object(self, fd: int, name: str, path: str, status: os.stat_result) -> None:
        if is_whiteout(status):
            if path in self._stubs and self.lower.status(path) is None:
                os.unlink(name, dir_fd=fd)
            else:
                self._objects[path] = Entry(path, Kind.WHITEOUT)
            return
        if stat.S_ISSOCK(status.st_mode):
            os.unlink(name, dir_fd=fd)
            self.notes.append(f"left out the socket /{path}: layers hold none")
            return
        self._stamps[path] = status.st_mtime_ns
        entry = self._entry(fd, name, path, status)
        set_time_at(fd, name, entry.mtime or 0)
        if status.st_nlink > 1:
            first = self._first_of.setdefault(status.st_ino, path)
            self._linked.update((first, path))
            if first != path:
                entry = Entry(path, Kind.HARDLINK, target=first, mtime=entry.mtime)
        self._objects[path] = entry

    def _entry(self, fd: int, name: str, path: str, status: os.stat_result) -> Entry:
        kind = _KINDS[stat.S_IFMT(status.st_mode)]
        is_device = kind in (Kind.CHARACTER, Kind.BLOCK)
        return Entry(
            path,
            kind,
            mode=0o777 if kind is Kind.SYMLINK else stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            mtime=self.times.canonical(status.st_mtime_ns),
            target=os.readlink(name, dir_fd=fd) if kind is Kind.SYMLINK else "",
            device=(os.major(status.st_rdev), os.minor(status.st_rdev)) if is_device else (0, 0),
            xattrs=strip_xattrs(f"/proc/self/fd/{fd}/{name}"),
            content=UpperFile(self._fd, path, status.st_size) if kind is Kind.FILE else None,
        )

    # -- finishing ----------------------------------------------------------------------------

    def _keep_parents(self, path: str) -> None:
        while path:
            path = path.rpartition("/")[0]
            directory = self._directories[path]
            if directory.is_kept:
                return
            directory.is_kept = True

    def _is_change(self, directory: _Directory) -> bool:
        if directory.is_kept or directory.is_opaque:
            return True
        before = self.lower.directory(directory.path)
        if before is None:
            return directory.path not in self._stubs
        mtime = self.times.canonical(self._stamps[directory.path])
        now = directory.attributes
        return before != Attributes(now.mode, now.uid, now.gid, mtime, now.xattrs)

    def _finish_directory(self, directory: _Directory) -> list[Entry]:
        entry = self._directory_entry(directory)
        fd = open_beneath(self._fd, directory.path, _DIRECTORY)
        assert fd is not None
        set_time(fd, entry.mtime or 0)
        os.close(fd)
        return [entry, Entry(entry.path, Kind.OPAQUE)] if directory.is_opaque else [entry]

    def _finish_root(self, directory: _Directory) -> list[Entry]:
        """The root is part of the layer only if the step changed its attributes."""
        before = self.lower.directory("") or DEFAULT_DIRECTORY
        now = directory.attributes
        if before == Attributes(now.mode, now.uid, now.gid, before.mtime, now.xattrs):
            apply(self._fd, DEFAULT_DIRECTORY)
            return []
        mark(self._fd, ROOT_XATTR)
        return self._finish_directory(directory)

    def _directory_entry(self, directory: _Directory) -> Entry:
        one = directory.attributes
        mtime = self.times.canonical(self._stamps[directory.path])
        return Entry(
            directory.path,
            Kind.DIRECTORY,
            mode=one.mode,
            uid=one.uid,
            gid=one.gid,
            mtime=mtime,
            xattrs=one.xattrs,
        )

    def _remove_unchanged(self, path: str) -> None:
        parent = self._open_parent(path)
        try:
            os.rmdir(path.rpartition("/")[2], dir_fd=parent)
        finally:
            os.close(parent)

    def _open_parent(self, path: str) -> int:
        fd = open_beneath(self._fd, path.rpartition("/")[0], _DIRECTORY)
        assert fd is not None
        return fd

    def _is_hidden(self, path: str) -> bool:
        """Whether the step removed or replaced what lower layers have at a path."""
        while path:
            entry = self._objects.get(path)
            if entry is not None:
                return True
            path = path.rpartition("/")[0]
            directory = self._directories.get(path)
            if directory is not None and directory.is_opaque:
                return True
        return False


def _reserved(path: str) -> BuildError:
    """The next step would see the file, but whoever unpacks the layer would see another one gone."""
    return BuildError(
        f"the step left /{path}: in an image, names that begin with {WHITEOUT_PREFIX} mean deleted files",
        hint="remove or rename it in the same step",
    )
