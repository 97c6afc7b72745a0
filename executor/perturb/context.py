"""Owns the copy of a build context that differs in all that must not matter: order, times, owner, place.

The same files with the same modes, links and attributes are made anew in another order, so that directories list them
differently, with other times and where possible another owner, as another clone of a repository would have them. It
refuses to change content, and to follow links.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHUNK = 1024 * 1024
#: Files of one clone are stamped seconds apart, in no relation to their order before.
_STEP_S = 7


def clone_context(
    source: Path, target: Path, *, time_s: int, owner: int | None, check: Callable[[], None]
) -> None:
    """Copy a directory into one that does not exist yet; `owner` is a uid and gid, None leaves them.

    `check` is called for each object and may raise. Sockets are left out, as builds leave them. Raises OSError."""
    _Clone(time_s, owner, check).directory(str(source), str(target))


class _Clone:
    def __init__(self, time_s: int, owner: int | None, check: Callable[[], None]) -> None:
        self._time = time_s
        self._owner = owner
        self._check = check
        self._links: dict[tuple[int, int], str] = {}

    def directory(self, source: str, target: str) -> None:
        os.mkdir(target)
        with os.scandir(source) as entries:
            found = sorted(entries, key=lambda entry: entry.name, reverse=True)
        for entry in found:
            self._check()
            if entry.is_dir(follow_symlinks=False):
                self.directory(entry.path, f"{target}/{entry.name}")
            else:
                self._object(entry, f"{target}/{entry.name}")
        self._finish(source, target, os.lstat(source))

    def _object(self, entry: os.DirEntry[str], target: str) -> None:
        status = entry.stat(follow_symlinks=False)
        key = status.st_dev, status.st_ino
        if status.st_nlink > 1 and key in self._links:
            os.link(self._links[key], target, follow_symlinks=False)
            return
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(entry.path), target)
        elif stat.S_ISREG(status.st_mode):
            _copy(entry.path, target)
        elif stat.S_ISSOCK(status.st_mode):
            return
        else:
            os.mknod(target, status.st_mode, status.st_rdev)
        self._links[key] = target
        self._finish(entry.path, target, status)

    def _finish(self, source: str, target: str, status: os.stat_result) -> None:
        """Attributes last: a read-only directory must be filled before, and filling changes its times."""
        for name in os.listxattr(source, follow_symlinks=False):
            with suppress(OSError):  # some belong to the file system they are on
                value = os.getxattr(source, name, follow_symlinks=False)
                os.setxattr(target, name, value, follow_symlinks=False)
        if self._owner is not None:
            os.chown(target, self._owner, self._owner, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            os.chmod(target, stat.S_IMODE(status.st_mode))
        os.utime(target, (self._time, self._time), follow_symlinks=False)
        self._time += _STEP_S


def _copy(source: str, target: str) -> None:
    with open(source, "rb") as old, open(target, "xb") as new:
        while data := old.read(_CHUNK):
            new.write(data)
