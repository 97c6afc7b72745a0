"""Owns the merging of many snapshots into one directory.

Overlay mounts get slow beyond some sixty layers and impossible beyond 500. Files are linked, not
copied: snapshots are never written to. It refuses anything but snapshots: links are only safe
within our own store.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lithify.cache.trees import remove_tree
from lithify.executor.snapshot.attributes import (
    OPAQUE_XATTR,
    ROOT_XATTR,
    Attributes,
    apply,
    has_mark,
    mark,
    read_xattrs,
    set_time,
)
from lithify.executor.snapshot.unpack import is_whiteout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CHUNK = 1024 * 1024
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


def flatten(layers: Sequence[Path], target: Path) -> None:
    """Make the existing empty directory `target` equal to the union of `layers`, lowest first.

    Whiteouts are kept, for hiding nothing does no harm. Raises OSError."""
    for layer in layers:
        _Merge(layer, target).run()


class _Merge:
    """Lays one snapshot over a directory."""

    def __init__(self, layer: Path, target: Path) -> None:
        self._layer = layer
        self._target = target
        self._root_time = int(target.stat().st_mtime)

    def run(self) -> None:
        waiting = [""]
        seen: list[str] = []
        while waiting:
            path = waiting.pop()
            seen.append(path)
            self._merge_directory(path, waiting)
        for path in reversed(seen):
            self._copy_attributes(path)

    def _merge_directory(self, path: str, waiting: list[str]) -> None:
        source = os.open(self._layer / path, _DIRECTORY)
        into = os.open(self._target / path, _DIRECTORY)
        try:
            if has_mark(source, OPAQUE_XATTR):
                self._clear(path)
                mark(into, OPAQUE_XATTR)
            with os.scandir(source) as found:
                for one in found:
                    inner = f"{path}/{one.name}" if path else one.name
                    if one.is_dir(follow_symlinks=False):
                        self._make_directory(into, one.name, inner)
                        waiting.append(inner)
                    else:
                        self._replace(source, into, one.name, inner)
        finally:
            os.close(source)
            os.close(into)

    def _clear(self, path: str) -> None:
        directory = self._target / path
        with os.scandir(directory) as found:
            names = [(one.name, one.is_dir(follow_symlinks=False)) for one in found]
        for name, is_directory in names:
            if is_directory:
                remove_tree(directory / name)
            else:
                (directory / name).unlink()

    def _make_directory(self, into: int, name: str, path: str) -> None:
        status = _status_at(into, name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            return
        if status is not None:
            os.unlink(name, dir_fd=into)
        os.mkdir(name, dir_fd=into)
        if status is not None:  # what was hidden below the replaced object must stay so
            fd = os.open(name, _DIRECTORY, dir_fd=into)
            mark(fd, OPAQUE_XATTR)
            os.close(fd)

    def _replace(self, source: int, into: int, name: str, path: str) -> None:
        status = _status_at(into, name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            remove_tree(self._target / path)
        elif status is not None:
            os.unlink(name, dir_fd=into)
        try:
            os.link(name, name, src_dir_fd=source, dst_dir_fd=into, follow_symlinks=False)
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            _copy(source, into, name)

    def _copy_attributes(self, path: str) -> None:
        source = os.open(self._layer / path, _DIRECTORY)
        into = os.open(self._target / path, _DIRECTORY)
        try:
            is_root_named = not path and has_mark(source, ROOT_XATTR)
            if path or is_root_named:
                apply(into, Attributes.of_stat(os.fstat(source), read_xattrs(source)))
            if is_root_named:
                mark(into, ROOT_XATTR)
            elif not path:
                set_time(into, self._root_time)
        finally:
            os.close(source)
            os.close(into)


def _status_at(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _copy(source: int, into: int, name: str) -> None:
    """For an object that has as many links as the file system allows."""
    status = os.stat(name, dir_fd=source, follow_symlinks=False)
    if is_whiteout(status) or not stat.S_ISREG(status.st_mode):
        os.mknod(name, stat.S_IFMT(status.st_mode), status.st_rdev, dir_fd=into)
        return
    reader = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=source)
    writer = os.open(name, _CREATE, 0o600, dir_fd=into)
    try:
        while os.copy_file_range(reader, writer, _CHUNK):
            pass
        apply(writer, Attributes.of_stat(status, read_xattrs(reader)))
    finally:
        os.close(reader)
        os.close(writer)
