"""Owns what snapshots keep about an object besides its content, and the marks of overlayfs.

Unpacked and committed directories must not be told apart, so both are written through these
functions. It refuses attributes that layers do not carry.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from lithify.errors import SandboxError, StoreError
from lithify.executor.layer import is_kept_xattr
from lithify.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.executor.entries import Entry

OPAQUE_XATTR = "trusted.overlay.opaque"
#: On a snapshot's root: the layer names the root directory (overlayfs hides its own namespace).
ROOT_XATTR = "trusted.overlay.lithify.root"
_OWN = (OPAQUE_XATTR, ROOT_XATTR)

Xattrs = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Attributes:
    """`mtime` is in whole seconds."""

    mode: int
    uid: int
    gid: int
    mtime: int
    xattrs: Xattrs = ()

    @classmethod
    def of_entry(cls, entry: Entry) -> Attributes:
        return cls(entry.mode, entry.uid, entry.gid, entry.mtime or 0, entry.xattrs)

    @classmethod
    def of_stat(cls, status: os.stat_result, xattrs: Xattrs = ()) -> Attributes:
        mtime = status.st_mtime_ns // 1_000_000_000
        return cls(status.st_mode & 0o7777, status.st_uid, status.st_gid, mtime, xattrs)


#: Directories that a layer implies without naming them.
DEFAULT_DIRECTORY = Attributes(0o755, 0, 0, 0)


def read_xattrs(target: int | str) -> Xattrs:
    """The attributes that layers keep, by name; of an open file, or of a path without following
    it."""
    found: list[tuple[str, bytes]] = []
    for name in _list(target):
        if is_kept_xattr(name):
            found.append((name, _get(target, name)))
    return tuple(sorted(found)) if found else ()


def strip_xattrs(target: int | str) -> Xattrs:
    """Remove what layers don't keep, save for our marks; return the rest."""
    kept: list[tuple[str, bytes]] = []
    for name in _list(target):
        if is_kept_xattr(name):
            kept.append((name, _get(target, name)))
        elif name not in _OWN:
            # Security modules may label every file and let nobody remove it.
            with suppress(OSError):
                if isinstance(target, int):
                    os.removexattr(target, name)
                else:
                    os.removexattr(target, name, follow_symlinks=False)
    return tuple(sorted(kept)) if kept else ()


def has_mark(fd: int, name: str) -> bool:
    """Whether an open directory carries one of our marks or overlayfs's."""
    try:
        return os.getxattr(fd, name) == b"y"
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return False
        raise


def mark(target: int | Path, name: str, value: bytes = b"y") -> None:
    """Put a mark on a directory. Raises OSError; SandboxError without the right (xattr(7), trusted)."""
    try:
        os.setxattr(target, name, value)
    except PermissionError as error:
        raise SandboxError(
            f"cannot mark a snapshot: {error.strerror}",
            hint="snapshots need root with CAP_SYS_ADMIN (in a container: --privileged)",
        ) from error


def apply(fd: int, attributes: Attributes) -> None:
    """Give an open file or directory its attributes; the time last.

    Raises OSError; StoreError if the store's file system has no such extended attributes."""
    os.fchown(fd, attributes.uid, attributes.gid)
    os.fchmod(fd, attributes.mode)
    wanted = dict(attributes.xattrs)
    for name in os.listxattr(fd):
        if name not in wanted and is_kept_xattr(name):
            os.removexattr(fd, name)
    for name, value in attributes.xattrs:
        if is_kept_xattr(name):
            _set(fd, name, value)
    set_time(fd, attributes.mtime)


def set_time(fd: int, seconds: int) -> None:
    os.utime(fd, (seconds, seconds))


def set_time_at(directory: int, name: str, seconds: int) -> None:
    os.utime(name, (seconds, seconds), dir_fd=directory, follow_symlinks=False)


def _set(fd: int, name: str, value: bytes) -> None:
    try:
        os.setxattr(fd, name, value)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        raise StoreError(
            f"the store's file system cannot hold the extended attribute {name}",
            hint="put the store on ext4, xfs or btrfs with --root",
        ) from error


def _list(target: int | str) -> list[str]:
    if isinstance(target, int):
        return os.listxattr(target)
    return os.listxattr(target, follow_symlinks=False)


def _get(target: int | str, name: str) -> bytes:
    if isinstance(target, int):
        return os.getxattr(target, name)
    return os.getxattr(target, name, follow_symlinks=False)
