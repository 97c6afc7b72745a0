"""Owns locks between processes: flock on files that come and go.

The kernel drops a flock with its holder, so a killed process never leaves a lock behind. Each lock is a new open
file description, so threads of one process exclude each other as well. It refuses timeouts: a holder is alive.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def open_lock(path: Path) -> int:
    """A descriptor to flock, of a file that stays. The caller closes. Raises OSError."""
    return os.open(path, _OPEN, 0o600)


def try_lock(descriptor: int, operation: int) -> bool:
    """flock without waiting; False if another holds it."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def transient_lock(path: Path) -> Iterator[None]:
    """Hold `path` exclusively; the file is gone once nobody wants it.

    Whoever gets the lock checks that the name still leads to the locked file: its last holder may
    have removed it in between, and then another could hold a lock on a newer file of that name."""
    while True:
        descriptor = open_lock(path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if not _is_named(descriptor, path):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)


def sweep_locks(folder: Path, keep: tuple[str, ...]) -> None:
    """Remove the files of transient locks whose holders were killed."""
    for name in set(os.listdir(folder)).difference(keep):
        path = folder / name
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                if try_lock(descriptor, fcntl.LOCK_EX) and _is_named(descriptor, path):
                    path.unlink()
            finally:
                os.close(descriptor)


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
