"""Owns the unpacking of a layer's tar into a directory that overlayfs can stack.

Layers come from strangers: every name is resolved by descriptor below the new directory, no link is
ever followed, and nothing of the tar but known kinds and attributes gets through. It refuses layers
that write through their own symlinks or link to nothing; what they imply but don't hold is looked
up in the lower layers.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lithify.cache.trees import remove_tree
from lithify.errors import Corrupt
from lithify.executor.entries import Entry, Kind
from lithify.executor.layer import OPAQUE_NAME, WHITEOUT_PREFIX
from lithify.executor.snapshot.attributes import (
    DEFAULT_DIRECTORY,
    OPAQUE_XATTR,
    ROOT_XATTR,
    Attributes,
    apply,
    mark,
    read_xattrs,
    set_time,
    set_time_at,
)
from lithify.executor.snapshot.lower import open_beneath
from lithify.executor.tarreader import TarMember, read_tar

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.executor.snapshot.lower import Lower
    from lithify.executor.tarreader import Readable

_CHUNK = 1024 * 1024
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_AUFS_PREFIX = ".wh..wh."
_SPECIAL = {
    Kind.CHARACTER: stat.S_IFCHR,
    Kind.BLOCK: stat.S_IFBLK,
    Kind.FIFO: stat.S_IFIFO,
}


def unpack(stream: Readable, directory: Path, lower: Lower, what: str) -> bool:
    """Fill an empty directory from a layer's plain tar (OCI image-spec, layer).

    Returns whether the result depends on the lower layers. Raises Corrupt, OSError, StoreError; the
    directory is then half full and the caller's to remove."""
    unpacker = _Unpacker(directory, lower, what)
    try:
        for member in read_tar(stream, what):
            unpacker.add(member)
        unpacker.finish()
    finally:
        unpacker.close()
    return unpacker.depends


def make_whiteout(parent: int, name: str) -> None:
    os.mknod(name, stat.S_IFCHR, os.makedev(0, 0), dir_fd=parent)


def is_whiteout(status: os.stat_result) -> bool:
    """Overlayfs's whiteout: a character device 0:0."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


class _Unpacker:
    def __init__(self, directory: Path, lower: Lower, what: str) -> None:
        self._path = directory
        self._root = os.open(directory, _DIRECTORY | os.O_CLOEXEC)
        self._lower = lower
        self._what = what
        self._times: dict[str, int] = {}
        self._parent: tuple[str, int] | None = None
        self.depends = False
        apply(self._root, DEFAULT_DIRECTORY)

    def close(self) -> None:
        self._forget_parent()
        os.close(self._root)

    def add(self, member: TarMember) -> None:
        entry = member.entry
        directory, _, name = entry.path.rpartition("/")
        if not entry.path:
            self._set_root(entry)
        elif name.startswith(WHITEOUT_PREFIX):
            self._hide(directory, name)
        else:
            self._create(self._open_parent(directory), name, member)

    def finish(self) -> None:
        """Set the times of directories, which filling them has changed."""
        self._forget_parent()
        self._times.setdefault("", DEFAULT_DIRECTORY.mtime)
        for path, seconds in self._times.items():
            fd = open_beneath(self._root, path, _DIRECTORY)
            if fd is not None:  # else a later entry has replaced it
                set_time(fd, seconds)
                os.close(fd)

    def _set_root(self, entry: Entry) -> None:
        if entry.kind is not Kind.DIRECTORY:
            raise Corrupt(f"{self._what} makes the root something else than a directory")
        apply(self._root, Attributes.of_entry(entry))
        mark(self._root, ROOT_XATTR)
        self._times[""] = entry.mtime or 0

    def _hide(self, directory: str, name: str) -> None:
        """Whiteouts hide what lower layers hold, never what this one does, in whatever order they
        come."""
        if name == OPAQUE_NAME:
            mark_fd = os.open(".", _DIRECTORY, dir_fd=self._open_parent(directory))
            mark(mark_fd, OPAQUE_XATTR)
            os.close(mark_fd)
            return
        if name.startswith(_AUFS_PREFIX):
            return
        hidden = name.removeprefix(WHITEOUT_PREFIX)
        if hidden in ("", ".", ".."):
            raise Corrupt(f"{self._what} has a whiteout of {hidden!r}")
        parent = self._open_parent(directory)
        status = _status_at(parent, hidden)
        if status is None:
            make_whiteout(parent, hidden)
        elif stat.S_ISDIR(status.st_mode):
            self._make_opaque(parent, hidden)

    def _make_opaque(self, parent: int, name: str) -> None:
        fd = os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        mark(fd, OPAQUE_XATTR)
        os.close(fd)

    def _open_parent(self, directory: str) -> int:
        """The directory of an entry, made with its own parents if the layer does not name them."""
        if self._parent is not None and self._parent[0] == directory:
            return self._parent[1]
        fd = open_beneath(self._root, directory, os.O_PATH | os.O_DIRECTORY)
        if fd is None:
            self._imply(directory)
            fd = open_beneath(self._root, directory, os.O_PATH | os.O_DIRECTORY)
            assert fd is not None
        self._forget_parent()
        self._parent = (directory, fd)
        return fd

    def _forget_parent(self) -> None:
        if self._parent is not None:
            os.close(self._parent[1])
            self._parent = None

    def _imply(self, directory: str) -> None:
        self.depends = True
        parent = os.dup(self._root)
        path = ""
        try:
            for name in directory.split("/"):
                path = f"{path}/{name}" if path else name
                self._imply_one(parent, name, path)
                child = os.open(name, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
                os.close(parent)
                parent = child
        finally:
            os.close(parent)

    def _imply_one(self, parent: int, name: str, path: str) -> None:
        status = _status_at(parent, name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            return
        if status is not None and not is_whiteout(status):
            raise Corrupt(f"{self._what} puts something below {path!r}, which is no directory")
        replaced = status is not None
        attributes = None if replaced else self._lower.directory(path)
        if replaced:
            os.unlink(name, dir_fd=parent)
        os.mkdir(name, dir_fd=parent)
        self._dress(parent, name, path, attributes or DEFAULT_DIRECTORY)
        if replaced:
            self._make_opaque(parent, name)

    def _dress(self, parent: int, name: str, path: str, attributes: Attributes) -> None:
        fd = os.open(name, _DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
        try:
            apply(fd, attributes)
        finally:
            os.close(fd)
        self._times[path] = attributes.mtime

    def _create(self, parent: int, name: str, member: TarMember) -> None:
        try:
            self._make(parent, name, member)
        except FileExistsError:
            was_whiteout = self._clear(parent, name, member.entry)
            self._make(self._open_parent(member.entry.path.rpartition("/")[0]), name, member)
            if was_whiteout and member.entry.kind is Kind.DIRECTORY:
                self._make_opaque(parent, name)

    def _clear(self, parent: int, name: str, entry: Entry) -> bool:
        """Make room for an entry that replaces one of the same layer; whether it was a whiteout."""
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            if entry.kind is not Kind.DIRECTORY:
                remove_tree(self._path / entry.path)
            return False
        os.unlink(name, dir_fd=parent)
        return is_whiteout(status)

    def _make(self, parent: int, name: str, member: TarMember) -> None:
        entry = member.entry
        match entry.kind:
            case Kind.FILE:
                self._make_file(parent, name, member)
            case Kind.DIRECTORY:
                status = _status_at(parent, name)
                if status is None or not stat.S_ISDIR(status.st_mode):
                    os.mkdir(name, dir_fd=parent)
                self._dress(parent, name, entry.path, Attributes.of_entry(entry))
            case Kind.HARDLINK:
                self._make_link(parent, name, entry)
            case Kind.SYMLINK:
                if not entry.target:
                    raise Corrupt(f"{self._what} has a symlink to nothing: {entry.path!r}")
                os.symlink(entry.target, name, dir_fd=parent)
                os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
                set_time_at(parent, name, entry.mtime or 0)
            case kind:
                os.mknod(name, _SPECIAL[kind], os.makedev(*entry.device), dir_fd=parent)
                os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
                os.chmod(name, entry.mode, dir_fd=parent)
                set_time_at(parent, name, entry.mtime or 0)

    def _make_file(self, parent: int, name: str, member: TarMember) -> None:
        fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
        try:
            member.copy_to(lambda data: write_all(fd, data))
            apply(fd, Attributes.of_entry(member.entry))
        finally:
            os.close(fd)

    def _make_link(self, parent: int, name: str, entry: Entry) -> None:
        directory, _, target = entry.target.rpartition("/")
        source = open_beneath(self._root, directory, os.O_PATH | os.O_DIRECTORY)
        status = _status_at(source, target) if source is not None and target else None
        try:
            if source is None or status is None:
                self._copy_lower(parent, name, entry)
            elif stat.S_ISDIR(status.st_mode) or is_whiteout(status):
                raise Corrupt(f"{self._what} links {entry.path!r} to {entry.target!r}, no file")
            elif entry.target != entry.path:
                os.link(target, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            if source is not None:
                os.close(source)

    def _copy_lower(self, parent: int, name: str, entry: Entry) -> None:
        """A link to a lower layer's file is a copy of it, as overlayfs's own link would make."""
        self.depends = True
        status = self._lower.status(entry.target)
        source = None
        if status is not None and stat.S_ISREG(status.st_mode):
            source = self._lower.open(entry.target, os.O_RDONLY)
        if source is None or status is None:
            raise Corrupt(
                f"{self._what} links {entry.path!r} to {entry.target!r}, which is no file"
            )
        try:
            fd = os.open(name, _CREATE, 0o600, dir_fd=parent)
            try:
                while data := os.read(source, _CHUNK):
                    write_all(fd, data)
                apply(fd, Attributes.of_stat(status, read_xattrs(source)))
            finally:
                os.close(fd)
        finally:
            os.close(source)


def _status_at(parent: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def write_all(fd: int, data: bytes) -> None:
    """write(2) until everything is written."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
