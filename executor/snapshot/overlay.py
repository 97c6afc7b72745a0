"""Owns overlay mounts: unions of snapshots that exist only as file descriptors.

A detached mount is in nobody's mount table, so a killed build leaves none behind. Layers are named
to the kernel through `/proc/self/fd`, which keeps every name short, whatever the depth of the
store. It refuses the features that make an upper directory unreadable by others (redirects,
metadata-only copies, an inode index).
"""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import ExitStack
from threading import Thread
from typing import TYPE_CHECKING

from lithify.errors import SandboxError
from lithify.executor import syscalls
from lithify.executor.isolation.kernel import CLONE_NEWNS, MS_PRIVATE, MS_REC, mount

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: Beyond this depth mounts and look-ups get slow; the kernel's own limit is 500.
MOST_LOWERS = 64

_OPTIONS = (("redirect_dir", "off"), ("metacopy", "off"), ("index", "off"))
_UNKNOWN = (errno.EINVAL, errno.ENOSYS)
_AT_FDCWD = -100
_LONGEST_VALUE = 255


def mount_overlay(
    lowers: Sequence[Path], *, upper: Path | None = None, work: Path | None = None
) -> int:
    """A detached mount of the union of `lowers`, topmost first: writable with an upper, else
    read-only.

    At least one lower with an upper and two without are needed (Linux overlayfs). `upper` and
    `work` lie in one file system and serve one mount only; nothing written is synced (`volatile`).
    The caller closes the descriptor. Raises SandboxError."""
    try:
        try:
            return _mount_by_context(lowers, upper, work)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
        return mount_by_string(lowers, upper, work)
    except OSError as error:
        raise SandboxError(
            f"cannot mount an overlay: {error.strerror}",
            hint="overlay mounts need root (or CAP_SYS_ADMIN) and a kernel with overlayfs",
        ) from error


def _value(path: Path, stack: ExitStack) -> str:
    """The path itself where fsconfig takes it; a long one by a descriptor."""
    text = os.fspath(path)
    is_short = len(os.fsencode(text)) <= _LONGEST_VALUE
    return text if is_short and path.is_absolute() else _name(path, stack)


def _name(path: Path, stack: ExitStack) -> str:
    fd = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(os.close, fd)
    return f"/proc/self/fd/{fd}"


def _mount_by_context(lowers: Sequence[Path], upper: Path | None, work: Path | None) -> int:
    """With the new mount API; `lowerdir+` needs Linux 6.5."""
    with ExitStack() as stack:
        context = syscalls.fsopen("overlay")
        stack.callback(os.close, context)
        syscalls.fsconfig_string(context, "source", "lithify")
        for lower in lowers:
            syscalls.fsconfig_string(context, "lowerdir+", _value(lower, stack))
        for key, value in _OPTIONS:
            syscalls.fsconfig_string(context, key, value)
        if upper and work:
            syscalls.fsconfig_string(context, "upperdir", _value(upper, stack))
            syscalls.fsconfig_string(context, "workdir", _value(work, stack))
            syscalls.fsconfig_flag(context, "volatile")
        syscalls.fsconfig_create(context)
        return syscalls.fsmount(context, 0 if upper else syscalls.MOUNT_ATTR_RDONLY)


def mount_by_string(lowers: Sequence[Path], upper: Path | None, work: Path | None) -> int:
    """With mount(2), for kernels before 6.5: in a mount namespace that dies with its thread.

    The first lower is covered for a moment, and only inside that namespace. Raises OSError."""

    def mounted() -> int:
        _unshare(CLONE_NEWNS)
        mount(b"", b"/", b"", MS_REC | MS_PRIVATE)
        place = bytes(lowers[0])
        with ExitStack() as stack:
            # Opened only now: the kernel takes no layers from another namespace's mounts.
            options = ["lowerdir=" + ":".join(_name(lower, stack) for lower in lowers)]
            options += ["=".join(pair) for pair in _OPTIONS]
            if upper and work:
                options.append(f"upperdir={_name(upper, stack)},workdir={_name(work, stack)}")
                options.append("volatile")
            mount(b"lithify", place, b"overlay", 0, ",".join(options).encode())
        return syscalls.open_tree(_AT_FDCWD, place)

    fd = _in_thread(mounted)
    if upper is None:
        syscalls.mount_setattr(fd, set_attributes=syscalls.MOUNT_ATTR_RDONLY)
    return fd


def _unshare(flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def _in_thread(work: Callable[[], int]) -> int:
    """The result of `work` done in a thread of its own, whose namespaces end with it."""
    results: list[int] = []
    errors: list[OSError] = []

    def run() -> None:
        try:
            results.append(work())
        except OSError as error:
            errors.append(error)

    thread = Thread(target=run, name="lithify-mount")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
