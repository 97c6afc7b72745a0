"""Owns a store: one folder that is an OCI image layout with records, snapshots and a temporary area beside it.

It is the only place that knows the folder's shape, who else uses it, and what a killed process left. Opening is
cheap, for every command does it. One Store stands for one user of the folder: concurrent builds of one process
open one each. It refuses to collect garbage: it only tells whether one may.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Self

from lithify.cache.blobs import FileBlobStore
from lithify.cache.failures import store_errors
from lithify.cache.imageindex import ImageIndex, replace_file, write_index
from lithify.cache.images import ImageStore
from lithify.cache.locks import open_lock, sweep_locks, transient_lock, try_lock
from lithify.cache.oci import parse_json_object
from lithify.cache.records import SqliteRecordStore
from lithify.cache.trees import remove_tree
from lithify.errors import Corrupt, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

FORMAT_VERSION = 1
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_FOLDERS = ("blobs/sha256", "snapshots", "mounts", "tmp", "locks")
#: What a store may hold before `oci-layout`, which is written last, makes it one.
_OWN_NAMES = ("blobs", "snapshots", "mounts", "partial", "tmp", "locks", "index.json", "format")


class Store:
    """An open store; `with Store.open(...) as store`."""

    def __init__(self, root: Path, clock: Callable[[], float], held: ExitStack) -> None:
        """For `open` only: `held` owns what is released by `close`."""
        self.root = root
        self._held = held
        self._in_use = open_lock(root / "locks" / "in-use")
        held.callback(os.close, self._in_use)
        with self._gate() as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
            fcntl.flock(self._in_use, fcntl.LOCK_SH)
        self._tmp = _make_tmp_area(root, held)
        _complete(root, self._tmp)
        self.blobs = FileBlobStore(root, self._tmp)
        self.records = SqliteRecordStore(root / "records.db")
        held.callback(self.records.close)
        index = ImageIndex(root, self._tmp, self.lock)
        self.images = ImageStore(index, self.blobs, self.records, clock, self.exclusive)

    @classmethod
    def open(cls, root: Path, *, clock: Callable[[], float]) -> Store:
        """Open or create the store in `root`, and remove what killed processes left.

        `clock` gives Unix time. Waits while another process collects garbage. Raises StoreError."""
        with ExitStack() as stack, store_errors("opening the store", root):
            _prepare(root)
            store = cls(root, clock, stack)
            store._held = stack.pop_all()
        return store

    def tmp_dir(self) -> Path:
        """This store's own temporary area, on the file system of the blobs; gone after `close`."""
        return self._tmp

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold `name` alone among all threads and processes; waits. Not reentrant."""
        safe = hashlib.sha256(name.encode()).hexdigest()[:32]
        return transient_lock(self.root / "locks" / f"key-{safe}")

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Try to be the store's only user for the block; False if another uses it.

        While held, `open` of others waits: blobs may be removed. Other threads with this very
        Store are not excluded."""
        with self._gate() as gate:
            if not try_lock(gate, fcntl.LOCK_EX):
                yield False
                return
            is_alone = try_lock(self._in_use, fcntl.LOCK_EX)
            try:
                yield is_alone
            finally:
                # Also after a failure: to change a flock's kind, the kernel first drops it. Nobody
                # could take it meanwhile, for the gate is shut.
                fcntl.flock(self._in_use, fcntl.LOCK_SH)

    @contextmanager
    def _gate(self) -> Iterator[int]:
        """The lock one passes to use the store, or holds to keep others from it."""
        descriptor = open_lock(self.root / "locks" / "gate")
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Release everything; idempotent."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _prepare(root: Path) -> None:
    """Create what is missing of the layout (OCI image-spec, image-layout), refuse what is not ours."""
    layout = root / "oci-layout"
    # Others must not reach the set-user-id programs of unpacked images by their path.
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if layout.exists():
        _check_versions(root)
    elif any(entry.name not in _OWN_NAMES for entry in root.iterdir()):
        raise StoreError(
            f"{root} is neither empty nor a store", hint="choose another folder with --root"
        )
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)


def _complete(root: Path, tmp: Path) -> None:
    """Write the files of the layout that are missing; `oci-layout`, the last, makes it a store."""
    if all((root / name).exists() for name in ("index.json", "format", "oci-layout")):
        return
    with transient_lock(root / "locks" / "creating"):
        _create(root, tmp)


def _create(root: Path, tmp: Path) -> None:
    if not (root / "index.json").exists():
        write_index(root / "index.json", tmp, (), root)
    if not (root / "format").exists():
        replace_file(root / "format", tmp, b"%d\n" % FORMAT_VERSION, root)
    if not (root / "oci-layout").exists():
        replace_file(root / "oci-layout", tmp, _LAYOUT, root)


def _check_versions(root: Path) -> None:
    with suppress(FileNotFoundError):
        text = (root / "format").read_text("ascii", "replace").strip()
        if text != str(FORMAT_VERSION):
            raise StoreError(
                f"the store {root} has format {text[:20]!r}, this lithify knows {FORMAT_VERSION}",
                hint="use the newer lithify that wrote it, or another store with --root",
            )
    try:
        value = parse_json_object((root / "oci-layout").read_bytes(), "oci-layout")
    except Corrupt as error:
        raise StoreError(f"{root}: {error.message}", hint="remove that file") from error
    if value.get("imageLayoutVersion") != "1.0.0":
        raise StoreError(
            f"{root}: unknown OCI image layout {value.get('imageLayoutVersion')!r}",
            hint="choose another folder with --root",
        )


def _make_tmp_area(root: Path, held: ExitStack) -> Path:
    """This process's `tmp/<pid>-<start time>`, locked while we live; reaps the areas of the dead."""
    areas = root / "tmp"
    with transient_lock(root / "locks" / "tmp-areas"):
        dead = _lock_dead(areas)
        own = _create_area(areas)
        descriptor = os.open(own, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        held.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    for area, lock in dead:
        _reap(area, lock)
    sweep_locks(root / "locks", keep=("gate", "in-use"))
    held.callback(_reap, own, None)
    return own


def _create_area(areas: Path) -> Path:
    """Names may meet those of another PID namespace, and of another store of this process."""
    base = f"{os.getpid()}-{_start_time()}"
    for number in count():
        area = areas / (f"{base}.{number}" if number else base)
        try:
            area.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return area
    raise AssertionError("count() ends never")


def _start_time() -> str:
    """Clock ticks from boot to the start of this process (proc(5), field 22 of stat)."""
    with open("/proc/self/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[19].decode()


def _lock_dead(areas: Path) -> list[tuple[Path, int]]:
    """The areas nobody holds, locked so that only we remove them."""
    dead = []
    for area in sorted(areas.iterdir()):
        try:
            descriptor = os.open(area, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        if try_lock(descriptor, fcntl.LOCK_EX):
            dead.append((area, descriptor))
        else:
            os.close(descriptor)
    return dead


def _reap(area: Path, lock: int | None) -> None:
    """Remove an area; what cannot be removed now waits for the next start."""
    with suppress(OSError):
        remove_tree(area)
    if lock is not None:
        os.close(lock)
