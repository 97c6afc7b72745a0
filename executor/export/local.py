"""Owns the `local` output: the image's file system as files of the user.

The destination may hold anything, links planted by an earlier image among it, so every name is
resolved by descriptor below the destination and no link is ever followed. It refuses to give files
away: they belong to whoever exports.
"""

from __future__ import annotations

import os
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.cache.trees import remove_tree
from lithify.errors import StoreError, UsageError
from lithify.executor.entries import Entry, Kind
from lithify.executor.export.files import export_errors
from lithify.executor.export.options import refuse_rest, take_boolean
from lithify.executor.export.rootfs import image_entries
from lithify.executor.services import DEFAULT_EPOCH_S
from lithify.executor.snapshot.lower import open_beneath
from lithify.executor.snapshot.unpack import write_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.cache.digest import Digest
    from lithify.executor.export.ports import ExportRequest

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NODES = {Kind.FIFO: stat.S_IFIFO, Kind.CHARACTER: stat.S_IFCHR, Kind.BLOCK: stat.S_IFBLK}


class LocalExporter:
    """Implements `Exporter` (specification of outputs, local and tar)."""

    def export(self, request: ExportRequest) -> Digest | None:
        options = dict(request.options)
        split = take_boolean(options, "platform-split", len(request.images) > 1)
        mode = options.pop("mode", "copy")
        refuse_rest(options)
        if mode not in ("copy", "delete"):
            raise UsageError(f"unknown mode {mode!r} of the local output", hint="copy or delete")
        if request.dest in ("", "-"):
            raise UsageError("the local output needs a directory", hint="add dest=DIRECTORY")
        dest = Path(request.dest)
        if not dest.parent.is_dir():
            raise UsageError(
                f"destination directory {dest.parent} does not exist", hint="create it first"
            )
        with export_errors(request.dest), image_entries(request, split) as entries:
            dest.mkdir(exist_ok=True)
            write_tree(entries, dest)
            if mode == "delete":
                remove_others(entries, dest)
        return None


def write_tree(entries: Iterable[Entry], dest: Path) -> None:
    """Write entries (parents before children, linked files before links) into a directory.

    Objects of other kinds in the way are replaced. Raises StoreError, OSError."""
    writer = _Writer(dest)
    try:
        directories = []
        for entry in entries:
            writer.write(entry)
            if entry.kind is Kind.DIRECTORY:
                directories.append(entry)
        for entry in reversed(directories):
            writer.finish_directory(entry)
    finally:
        writer.close()


def remove_others(entries: Iterable[Entry], dest: Path) -> None:
    """Remove whatever of a directory is not among the entries. Raises OSError."""
    wanted = {entry.path for entry in entries}
    waiting = [""]
    while waiting:
        path = waiting.pop()
        with os.scandir(dest / path) as found:
            inner = [(f"{path}/{one.name}" if path else one.name, one) for one in found]
        for name, one in inner:
            is_directory = one.is_dir(follow_symlinks=False)
            if name in wanted and is_directory:
                waiting.append(name)
            elif name not in wanted and is_directory:
                remove_tree(dest / name)
            elif name not in wanted:
                os.unlink(dest / name)


class _Writer:
    def __init__(self, dest: Path) -> None:
        self._dest = dest
        self._root = os.open(dest, _DIRECTORY | os.O_CLOEXEC)
        self._fresh = (f".lithify-{os.getpid()}-{number}" for number in count())

    def close(self) -> None:
        os.close(self._root)

    def write(self, entry: Entry) -> None:
        directory, _, name = entry.path.rpartition("/")
        parent = self._open(directory)
        try:
            if entry.kind is Kind.DIRECTORY:
                self._make_directory(parent, name)
                return
            self._clear(parent, name, keep_file=entry.kind is Kind.FILE)
            if entry.kind is Kind.FILE:
                self._write_file(parent, name, entry)
            elif entry.kind is Kind.SYMLINK:
                os.symlink(entry.target, name, dir_fd=parent)
            elif entry.kind is Kind.HARDLINK:
                self._link(parent, name, entry)
                return
            else:
                device = os.makedev(*entry.device)
                os.mknod(name, _NODES[entry.kind] | entry.mode, device, dir_fd=parent)
            _set_time(parent, name, entry)
        finally:
            os.close(parent)

    def finish_directory(self, entry: Entry) -> None:
        fd = self._open(entry.path)
        try:
            os.fchmod(fd, entry.mode)
            seconds = _seconds(entry)
            os.utime(fd, (seconds, seconds))
        finally:
            os.close(fd)

    def _open(self, path: str) -> int:
        fd = open_beneath(self._root, path, _DIRECTORY)
        if fd is None:
            raise StoreError(
                f"writing {self._dest / path}: it changed meanwhile",
                hint="export into a directory that nothing else writes to",
            )
        return fd

    def _make_directory(self, parent: int, name: str) -> None:
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                return
            os.unlink(name, dir_fd=parent)
            os.mkdir(name, 0o700, dir_fd=parent)

    def _clear(self, parent: int, name: str, *, keep_file: bool) -> None:
        """Make room; a file may stay where another file is about to take its name."""
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            remove_tree(Path(f"/proc/self/fd/{parent}") / name)
        elif not keep_file:
            os.unlink(name, dir_fd=parent)

    def _write_file(self, parent: int, name: str, entry: Entry) -> None:
        """Under another name first: a reader never sees half a file."""
        fresh = next(self._fresh)
        fd = os.open(fresh, _CREATE, 0o600, dir_fd=parent)
        try:
            if entry.content is not None:
                entry.content.copy_to(lambda data: write_all(fd, data))
            os.fchmod(fd, entry.mode)
        finally:
            os.close(fd)
        os.rename(fresh, name, src_dir_fd=parent, dst_dir_fd=parent)

    def _link(self, parent: int, name: str, entry: Entry) -> None:
        directory, _, target = entry.target.rpartition("/")
        source = self._open(directory)
        try:
            os.link(target, name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(source)


def _set_time(parent: int, name: str, entry: Entry) -> None:
    seconds = _seconds(entry)
    os.utime(name, (seconds, seconds), dir_fd=parent, follow_symlinks=False)


def _seconds(entry: Entry) -> int:
    return DEFAULT_EPOCH_S if entry.mtime is None else entry.mtime
