"""Owns the Linux system calls that Python lacks: openat2, the mount API and extended flags.

They are called through ctypes with errno turned into OSError; every path argument is relative to a descriptor.
It refuses policy: what to mount and where is decided by the callers.
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import lru_cache

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10

OPEN_TREE_CLONE = 1
MOVE_MOUNT_F_EMPTY_PATH = 0x04
MOVE_MOUNT_T_EMPTY_PATH = 0x40

MOUNT_ATTR_RDONLY = 0x01
MOUNT_ATTR_NOSUID = 0x02
MOUNT_ATTR_NODEV = 0x04
MOUNT_ATTR_NOEXEC = 0x08

_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_FSOPEN = 430
_SYS_FSCONFIG = 431
_SYS_FSMOUNT = 432
_SYS_OPENAT2 = 437
_SYS_MOUNT_SETATTR = 442

_FSCONFIG_SET_FLAG = 0
_FSCONFIG_SET_STRING = 1
_FSCONFIG_CMD_CREATE = 6


class _OpenHow(ctypes.Structure):
    _fields_ = [
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    ]


#: Opening is done once for every file of a context: with fixed types it costs half.
_openat2 = ctypes.CFUNCTYPE(
    ctypes.c_long,
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(_OpenHow),
    ctypes.c_size_t,
    use_errno=True,
)(("syscall", _libc))
_HOW_SIZE = ctypes.sizeof(_OpenHow)
_MOST_ATTEMPTS = 64


class _MountAttr(ctypes.Structure):
    _fields_ = [
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def _call(what: str, number: int, *args: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
    return result


def openat2(
    dir_fd: int, path: str | bytes, flags: int, *, mode: int = 0, resolve: int = RESOLVE_IN_ROOT
) -> int:
    """Open a path below a directory descriptor; by default `dir_fd` is the root for `..` and links.

    Retries EAGAIN, which the kernel gives when a rename races with the walk. Raises OSError."""
    how = _how(flags | os.O_CLOEXEC, mode, resolve | RESOLVE_NO_MAGICLINKS)
    name = os.fsencode(path)
    code = errno.EAGAIN
    for _ in range(_MOST_ATTEMPTS):
        result: int = _openat2(_SYS_OPENAT2, dir_fd, name, how, _HOW_SIZE)
        if result >= 0:
            return result
        code = ctypes.get_errno()
        if code != errno.EAGAIN:
            break
    raise OSError(code, os.strerror(code), os.fsdecode(name))


@lru_cache(maxsize=64)
def _how(flags: int, mode: int, resolve: int) -> _OpenHow:
    """The kernel only reads it, so that all calls with the same flags may share one."""
    return _OpenHow(flags, mode, resolve)


def fsopen(kind: str) -> int:
    """A file system context for `kind`; the descriptor is the caller's."""
    return _call(f"fsopen {kind}", _SYS_FSOPEN, kind.encode(), ctypes.c_uint(1))


def fsconfig_string(fd: int, key: str, value: str | bytes) -> None:
    """Set a string option (up to 255 bytes)."""
    _call(
        f"fsconfig {key}",
        _SYS_FSCONFIG,
        ctypes.c_int(fd),
        ctypes.c_uint(_FSCONFIG_SET_STRING),
        key.encode(),
        os.fsencode(value),
        ctypes.c_int(0),
    )


def fsconfig_flag(fd: int, key: str) -> None:
    """Set an option without a value."""
    _call(
        f"fsconfig {key}",
        _SYS_FSCONFIG,
        ctypes.c_int(fd),
        ctypes.c_uint(_FSCONFIG_SET_FLAG),
        key.encode(),
        None,
        ctypes.c_int(0),
    )


def fsconfig_create(fd: int) -> None:
    """Make the superblock."""
    _call(
        "fsconfig create",
        _SYS_FSCONFIG,
        ctypes.c_int(fd),
        ctypes.c_uint(_FSCONFIG_CMD_CREATE),
        None,
        None,
        ctypes.c_int(0),
    )


def fsmount(fd: int, attributes: int = 0) -> int:
    """A detached mount of a configured context: it vanishes when the last descriptor closes."""
    return _call(
        "fsmount", _SYS_FSMOUNT, ctypes.c_int(fd), ctypes.c_uint(1), ctypes.c_uint(attributes)
    )


def open_tree(dir_fd: int, path: str | bytes, flags: int = OPEN_TREE_CLONE) -> int:
    """A detached clone of the mount (or subtree) at a path; AT_EMPTY_PATH is implied for ''."""
    name = os.fsencode(path)
    extra = AT_EMPTY_PATH if not name else 0
    return _call(
        "open_tree",
        _SYS_OPEN_TREE,
        ctypes.c_int(dir_fd),
        name,
        ctypes.c_uint(flags | extra | os.O_CLOEXEC),
    )


def move_mount(from_fd: int, to_dir_fd: int, to_path: str | bytes = b"") -> None:
    """Attach a detached mount at a place given by a descriptor (and a path below it)."""
    name = os.fsencode(to_path)
    flags = MOVE_MOUNT_F_EMPTY_PATH | (0 if name else MOVE_MOUNT_T_EMPTY_PATH)
    _call(
        "move_mount",
        _SYS_MOVE_MOUNT,
        ctypes.c_int(from_fd),
        b"",
        ctypes.c_int(to_dir_fd),
        name,
        ctypes.c_uint(flags),
    )


def mount_setattr(fd: int, *, set_attributes: int = 0, recursive: bool = False) -> None:
    """Add MOUNT_ATTR_* attributes to the mount that a descriptor stands on."""
    attr = _MountAttr(set_attributes, 0, 0, 0)
    _call(
        "mount_setattr",
        _SYS_MOUNT_SETATTR,
        ctypes.c_int(fd),
        b"",
        ctypes.c_uint(AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)),
        ctypes.byref(attr),
        ctypes.c_size_t(ctypes.sizeof(attr)),
    )
