"""What tests of snapshots share: a store, steps done by hand on a real overlay, and a full listing
of a union."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import time
from typing import TYPE_CHECKING

import pytest

from lithify.cache.store import Store
from lithify.cache.trees import remove_tree
from lithify.executor.layer import make_layer
from lithify.executor.snapshot.attributes import read_xattrs
from lithify.executor.snapshot.snapshots import Snapshots
from lithify.executor.syscalls import openat2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from lithify.cache.ports import Layer
    from lithify.executor.entries import Entry
    from lithify.executor.snapshot.snapshots import CommitResult

EPOCH = 315532800


class Workshop:
    """A store and what one does with layers in it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.snapshots = Snapshots(store)

    def layer(self, *entries: Entry, time: int = EPOCH) -> Layer:
        return make_layer(self.store, entries, logical_time=time)

    def foreign(self, data: bytes) -> Layer:
        """A layer of any bytes."""
        from lithify.cache.oci import MEDIA_LAYER
        from lithify.cache.ports import Layer

        blob = self.store.blobs.put(data, MEDIA_LAYER)
        return Layer(blob, blob.digest)

    def step(
        self,
        layers: Sequence[Layer],
        act: Callable[[Path], object],
        *,
        faithful: bool = False,
        clamp: bool = False,
        logical_time: int = EPOCH + 1,
        stub: Path | None = None,
    ) -> CommitResult:
        from pathlib import Path

        with self.snapshots.prepare(layers, stub=stub) as snapshot:
            started = time.time_ns()
            fd = openat2(snapshot.root_fd, ".", os.O_RDONLY | os.O_DIRECTORY)
            try:
                act(Path(f"/proc/self/fd/{fd}"))
            finally:
                os.close(fd)
            return snapshot.commit(
                started_ns=started, logical_time=logical_time, clamp=clamp, faithful=faithful
            )

    def look(self, layers: Sequence[Layer]) -> dict[str, tuple[object, ...]]:
        """Everything one can see of a union."""
        with self.snapshots.view(layers) as mount:
            fd = openat2(mount, ".", os.O_RDONLY | os.O_DIRECTORY)
            try:
                return dict(_look(fd, ""))
            finally:
                os.close(fd)

    def forget(self, layer: Layer) -> None:
        remove_tree(self.store.root / "snapshots" / layer.diff_id.hex)
        self.start_anew()

    def start_anew(self) -> None:
        """What the next process does: it knows nothing of what this one has seen."""
        self.snapshots = Snapshots(self.store)

    def tar(self, layer: Layer) -> bytes:
        return self.store.blobs.read(layer.descriptor.digest)

    def names(self, layer: Layer) -> list[str]:
        with tarfile.open(fileobj=io.BytesIO(self.tar(layer))) as archive:
            return archive.getnames()


def _look(fd: int, path: str) -> Iterator[tuple[str, tuple[object, ...]]]:
    yield path or "/", _facts(fd, ".")
    for name in sorted(os.listdir(fd)):
        inner = f"{path}/{name}"
        if stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
            child = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
            try:
                yield from _look(child, inner)
            finally:
                os.close(child)
        else:
            yield inner, _facts(fd, name)


def _facts(fd: int, name: str) -> tuple[object, ...]:
    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
    content: object = None
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(name, dir_fd=fd)
    elif stat.S_ISREG(status.st_mode):
        with open(os.open(name, os.O_RDONLY, dir_fd=fd), "rb") as file:
            content = file.read()
    links = 0 if stat.S_ISDIR(status.st_mode) else status.st_nlink
    xattrs = read_xattrs(f"/proc/self/fd/{fd}/{name}")
    owner = status.st_uid, status.st_gid
    return oct(status.st_mode), owner, status.st_mtime_ns, links, status.st_rdev, xattrs, content


@pytest.fixture
def workshop(tmp_path: Path) -> Iterable[Workshop]:
    with Store.open(tmp_path / "store", clock=time.time) as store:
        yield Workshop(store)
