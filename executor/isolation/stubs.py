"""Owns mount points that exist only for a run: how to lend them, and how to take them away again.

The neat way is a lowest overlay layer that holds the usual ones, so that the upper layer never sees
them. Whatever else had to be made inside the root is removed after the run if nothing was put there
(specification of RUN, "Mount stubs"). It refuses to follow symlinks while removing.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lithify.executor.syscalls import RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, openat2

DIRECTORIES = ("dev", "etc", "proc", "sys")
FILES = ("etc/hostname", "etc/hosts", "etc/resolv.conf")


def write_stub_layer(
    directory: Path,
    *,
    directories: tuple[str, ...] = (),
    files: tuple[str, ...] = (),
    time_ns: int = 0,
) -> None:
    """Fill a new directory with the usual mount points, and further ones, for use as lowest lower.

    Paths are relative and plain; a mount point that some other lower provides is simply hidden.
    Times are `time_ns` (ns since the epoch), so that equal layers look equal. Idempotent.
    """
    made = {directory}
    for path in (*DIRECTORIES, *directories):
        made |= _make_parents(directory, path)
        (directory / path).mkdir(mode=0o755, exist_ok=True)
        made.add(directory / path)
    for path in (*FILES, *files):
        made |= _make_parents(directory, path)
        (directory / path).touch(mode=0o644)
        os.chmod(directory / path, 0o644)
        made.add(directory / path)
    for place in sorted(made, reverse=True):
        if place.is_dir():
            os.chmod(place, 0o755)
        os.utime(place, ns=(time_ns, time_ns))


def _make_parents(directory: Path, path: str) -> set[Path]:
    parent = (directory / path).parent
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return {step for step in (parent, *parent.parents) if step.is_relative_to(directory)}


def remove_stubs(root_fd: int, made: list[tuple[str, bool]]) -> None:
    """Remove stubs (real path below the root, is directory; parents first) that are still empty.

    The times of the directories that held them stay as the process left them. What can't be removed
    (the process replaced it, or filled it) is part of the step's result and stays.
    """
    for path, is_directory in reversed(made):
        parent_path, _, name = path.rpartition("/")
        resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV
        flags = os.O_RDONLY | os.O_DIRECTORY
        try:
            parent = openat2(root_fd, parent_path or ".", flags, resolve=resolve)
        except OSError:
            continue
        try:
            _remove_stub(parent, name, is_directory)
        finally:
            os.close(parent)


def _remove_stub(parent: int, name: str, is_directory: bool) -> None:
    before = os.fstat(parent)
    try:
        if is_directory:
            os.rmdir(name, dir_fd=parent)
        else:
            entry = os.stat(name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISREG(entry.st_mode) or entry.st_size:
                return
            os.unlink(name, dir_fd=parent)
        os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))
    except OSError:
        return
