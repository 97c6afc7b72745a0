"""Owns the directories of cache mounts: which one a RUN gets, and who else may have it.

A cache is named by everything that makes it a different one (id, owner, mode, first content). It refuses to keep a
half-made cache: the directory appears by one rename.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.compiler.plan import CacheMount

_MOST_INSTANCES = 1000


def cache_name(mount: CacheMount, content: str) -> str:
    """The directory name of a cache; `content` names its first content ('' is empty)."""
    parts = (mount.id, str(mount.uid), str(mount.gid), oct(mount.mode), content)
    return hashlib.sha256("\0".join(("cache-mount-1", *parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CacheArea:
    """Where caches live, and where new ones are made: directories of one file system."""

    mounts: Path
    tmp: Path


@contextmanager
def opened_cache(
    store: CacheArea, name: str, mount: CacheMount, fill: Callable[[Path], None] | None
) -> Iterator[Path]:
    """The directory of a cache for the duration of a step.

    shared: everybody has the same; locked: one at a time, others wait; private: whoever comes while it is in use
    gets an instance of their own, an idle one is used again. Several mounts of one step share when shared."""
    if mount.sharing == "private":
        with _idle_instance(store.mounts, name) as directory:
            _make(directory, store.tmp, mount, fill)
            yield directory
        return
    directory = store.mounts / name
    exclusive = mount.sharing == "locked"
    with _locked(store.mounts / f"{name}.lock", fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH):
        _make(directory, store.tmp, mount, fill)
        yield directory


def discard_cache(mounts: Path, name: str) -> None:
    """Forget a cache's content (a step that must not use the cache starts afresh)."""
    for lock in mounts.glob(f"{name}*.lock"):
        with _locked(lock, fcntl.LOCK_EX):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)


@contextmanager
def _idle_instance(mounts: Path, name: str) -> Iterator[Path]:
    for number in range(_MOST_INSTANCES):
        directory = mounts / (f"{name}.{number}" if number else name)
        fd = os.open(f"{directory}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            continue
        try:
            os.utime(fd)  # when it was last used, for pruning
            yield directory
        finally:
            os.close(fd)
        return
    raise OSError(f"more than {_MOST_INSTANCES} instances of one cache mount are in use")


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, kind)
        os.utime(fd)  # when it was last used, for pruning
        yield
    finally:
        os.close(fd)


def _make(
    directory: Path, tmp: Path, mount: CacheMount, fill: Callable[[Path], None] | None
) -> None:
    if directory.exists():
        return
    fresh = Path(mkdtemp(prefix="cache-", dir=tmp))
    if fill is not None:
        fill(fresh)
    os.chown(fresh, mount.uid, mount.gid)
    os.chmod(fresh, mount.mode)
    try:
        os.rename(fresh, directory)
    except OSError:
        if not directory.exists():
            raise
        shutil.rmtree(fresh, ignore_errors=True)
