"""Owns the removal of directory trees that nobody vouches for.

shutil.rmtree stops at directories without permission bits and recurses as deep as the tree; what a RUN left may
have both. It refuses to follow symlinks, to enter mounts, and to touch immutable files.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Deeper directories are moved up before they are entered: bounds stack and open files.
_MOST_DEPTH = 64


def remove_tree(path: Path) -> None:
    """Remove a directory and everything in it; a missing one is fine.

    Raises OSError, EBUSY when something is mounted at or below it."""
    try:
        descriptor = _open_directory(str(path), None)
    except FileNotFoundError:
        return
    try:
        if _has_mounts(path):
            raise OSError(errno.EBUSY, "something is mounted below", str(path))
        _empty(descriptor, descriptor, 0, (f".moved-{number}" for number in count()))
    finally:
        os.close(descriptor)
    os.rmdir(path)


def _open_directory(name: str, parent: int | None) -> int:
    """Open, granting ourselves the rights to read, search and write it if they are missing."""
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    except PermissionError:
        handle = os.open(name, _DIRECTORY | os.O_PATH, dir_fd=parent)
        try:
            os.chmod(f"/proc/self/fd/{handle}", 0o700)
        finally:
            os.close(handle)
        return os.open(name, _DIRECTORY, dir_fd=parent)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o700 != 0o700:
        os.fchmod(descriptor, 0o700)
    return descriptor


def _empty(directory: int, top: int, depth: int, fresh: Iterator[str]) -> None:
    """Remove all entries; `top` receives what lies too deep, and empties until nothing is left."""
    while names := os.listdir(directory):
        for name in names:
            try:
                _remove_entry(name, directory, top, depth, fresh)
            except FileNotFoundError:
                continue
        if depth:
            return


def _remove_entry(name: str, directory: int, top: int, depth: int, fresh: Iterator[str]) -> None:
    if not stat.S_ISDIR(os.lstat(name, dir_fd=directory).st_mode):
        os.unlink(name, dir_fd=directory)
        return
    child = _open_directory(name, directory)
    try:
        if depth == _MOST_DEPTH:
            _move_up(name, directory, top, fresh)
            return
        _empty(child, top, depth + 1, fresh)
    finally:
        os.close(child)
    os.rmdir(name, dir_fd=directory)


def _move_up(name: str, directory: int, top: int, fresh: Iterator[str]) -> None:
    for unused in fresh:
        try:
            os.lstat(unused, dir_fd=top)
        except FileNotFoundError:
            os.rename(name, unused, src_dir_fd=directory, dst_dir_fd=top)
            return


def _has_mounts(path: Path) -> bool:
    root = os.fsencode(path.resolve())
    with Path("/proc/self/mountinfo").open("rb") as lines:
        points = [line.split(b" ", 5)[4] for line in lines]
    return any(_is_below(_unescape(point), root) for point in points)


def _unescape(point: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), point)


def _is_below(point: bytes, root: bytes) -> bool:
    return point == root or point.startswith(root + b"/")
