"""Owns look-ups in what a step or layer stands on.

Layers may leave out what they imply (parent directories, targets of hard links) and a step's
changes only mean something relative to what was there before. The union is mounted on the first
question, as many have none. It refuses to follow symlinks and to write.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from lithify.executor import syscalls
from lithify.executor.snapshot.attributes import Attributes, read_xattrs

if TYPE_CHECKING:
    from collections.abc import Callable

NO_LINKS = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO)


def open_beneath(root_fd: int, path: str, flags: int) -> int | None:
    """Open a path below a directory without following any link; None if there is no such object."""
    try:
        return syscalls.openat2(root_fd, path or ".", flags | os.O_NOFOLLOW, resolve=NO_LINKS)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise


class Lower:
    """The union of the lower layers, mounted when first needed.

    `mount` gives a descriptor that stays its owner's to close, or None where there are no lower
    layers."""

    def __init__(self, mount: Callable[[], int | None]) -> None:
        self._mount = mount
        self._fd: int | None = None
        self._mounted = False

    def open(self, path: str, flags: int) -> int | None:
        """A descriptor of the object at `path`, the caller's to close; None if there is none."""
        if not self._mounted:
            self._fd = self._mount()
            self._mounted = True
        return None if self._fd is None else open_beneath(self._fd, path, flags)

    def status(self, path: str) -> os.stat_result | None:
        fd = self.open(path, os.O_PATH)
        if fd is None:
            return None
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def directory(self, path: str) -> Attributes | None:
        """The attributes of the directory at `path`; None if it is none."""
        fd = self.open(path, os.O_RDONLY | os.O_DIRECTORY)
        if fd is None:
            return None
        try:
            return Attributes.of_stat(os.fstat(fd), read_xattrs(fd))
        finally:
            os.close(fd)

    def read(self, path: str, limit: int) -> bytes | None:
        """The content of a regular file of at most `limit` bytes; None if there is none such."""
        status = self.status(path)
        if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > limit:
            return None
        fd = self.open(path, os.O_RDONLY)
        if fd is None:
            return None
        with open(fd, "rb") as file:
            return file.read(limit)
