"""Owns the snapshots of a store: which layers are unpacked, and the unions that steps see and
change.

A snapshot is a directory named by its layer's diff id, so equal layers are unpacked once whoever
made them, and a step's own upper directory becomes the snapshot of the layer it made. It refuses
visible mounts: unions are descriptors, and end with them.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from lithify.cache.compression import open_plain
from lithify.cache.digest import Digest, chain_ids
from lithify.cache.failures import store_errors
from lithify.cache.trees import remove_tree
from lithify.executor.layer import make_layer
from lithify.executor.snapshot import trust
from lithify.executor.snapshot.attributes import (
    DEFAULT_DIRECTORY,
    OPAQUE_XATTR,
    ROOT_XATTR,
    Attributes,
    apply,
    has_mark,
    read_xattrs,
)
from lithify.executor.snapshot.changes import Changes, TimeRule
from lithify.executor.snapshot.flatten import flatten
from lithify.executor.snapshot.lower import Lower
from lithify.executor.snapshot.overlay import MOST_LOWERS, mount_overlay
from lithify.executor.snapshot.unpack import unpack
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Self

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.ports import Layer

#: The diff id of the layer of a step that changed nothing: 1024 zero bytes.
EMPTY_DIFF_ID = Digest("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")

_CHUNK = 1024 * 1024
#: Deep chains are merged up to a multiple of this, so that neighbours share the merged directory.
_FLAT_STEP = 32
_ROOM = 4


class SnapshotStore(Protocol):
    """What of a store the snapshots need (`lithify.cache.store.Store`)."""

    root: Path
    blobs: FileBlobStore

    def tmp_dir(self) -> Path: ...

    def lock(self, name: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True)
class CommitResult:
    """The layer of a step; `notes` say what of the step's writing is not in it as it was."""

    layer: Layer
    notes: tuple[str, ...]


class Snapshots:
    """Unions of layers, for reading and for changing. Thread-safe; processes may share a store."""

    def __init__(self, store: SnapshotStore) -> None:
        self.store = store
        self._directory = store.root / "snapshots"
        self._lock = Lock()
        self._opaque: dict[Path, bool] = {}

    @contextmanager
    def view(self, layers: Sequence[Layer]) -> Iterator[int]:
        """A read-only detached mount of the union of layers, lowest first; an empty directory for
        none.

        Raises StoreError, Corrupt or DigestMismatch (a bad layer), SandboxError (no overlay
        mounts)."""
        with store_errors("reading snapshots", self.store.root):
            lowers = self.directories(layers)
            top = self._empty_directory(_root_attributes(lowers), "top")
            below = lowers or [self._empty_directory(DEFAULT_DIRECTORY, "bottom")]
            fd = mount_overlay([top, *below])
        try:
            yield fd
        finally:
            os.close(fd)

    def prepare(self, layers: Sequence[Layer], *, stub: Path | None = None) -> WritableSnapshot:
        """A private, writable union of layers, lowest first, over a layer of mount points.

        `stub` is that lowest layer (default: the usual mount points); what exists only there never
        gets into a layer. Use it in a `with`: leaving discards what was not committed. Raises as
        `view`."""
        with store_errors("preparing a snapshot", self.store.root):
            lowers = self.directories(layers)
            place = self.make_tmp("step-")
            try:
                return WritableSnapshot(self, layers, lowers, stub or self._default_stub(), place)
            except BaseException:
                remove_tree(place)
                raise

    def directories(self, layers: Sequence[Layer]) -> list[Path]:
        """The snapshots whose union the layers are, topmost first, unpacking what is missing.

        A layer that occurs twice counts where it is topmost: that hides and shows all the lower one
        does."""
        chain = chain_ids(layer.diff_id for layer in layers)
        found: list[Path] = []
        flat = 0
        if len(layers) > MOST_LOWERS - _ROOM:
            flat = (len(layers) - 1) // _FLAT_STEP * _FLAT_STEP
            found.append(self._flat(layers[:flat], chain[flat - 1]))
        for index in range(flat, len(layers)):
            if layers[index].diff_id == EMPTY_DIFF_ID:
                continue
            path = self._unpacked(layers[: index + 1], chain[index])
            if self._hides_below(path):
                found.clear()
            if path in found:
                found.remove(path)
            found.append(path)
        return found[::-1]

    def install(self, directory: Path, name: str) -> Path:
        """Give a complete directory its name; an equal one that is already there stays instead.

        The caller holds the lock of that name."""
        target = self._directory / name
        if trust.is_trusted(target):
            return target
        trust.seal(directory)
        if os.path.lexists(target):
            os.rename(target, self.make_tmp("stale-") / "snapshot")
        os.rename(directory, target)
        return target

    def lock(self, name: str) -> AbstractContextManager[None]:
        """One process and thread at a time unpacks or installs a snapshot of that name."""
        return self.store.lock(f"snapshot {name}")

    def sync(self) -> None:
        """Wait until all snapshots are on disk, so that they outlive a power cut: after a build,
        not in it."""
        present = tuple(self._directory.iterdir())
        self.store.blobs.sync()
        trust.confirm(present)

    def make_tmp(self, prefix: str) -> Path:
        return Path(mkdtemp(prefix=prefix, dir=self.store.tmp_dir()))

    def _unpacked(self, layers: Sequence[Layer], chain_id: Digest) -> Path:
        layer = layers[-1]
        own, dependent = self._directory / layer.diff_id.hex, self._directory / chain_id.hex
        for path in (own, dependent):
            if path in self._opaque or trust.is_trusted(path):
                return path
        # Before the lock, so that no one waits for us and we for them.
        self.directories(layers[:-1])
        with self.lock(layer.diff_id.hex):
            for path in (own, dependent):
                if trust.is_trusted(path):
                    return path
            return self._unpack(layers, own.name, dependent.name)

    def _hides_below(self, path: Path) -> bool:
        """Whether a layer is opaque; asked once, for a snapshot in use neither changes nor goes away."""
        known = self._opaque.get(path)
        if known is None:
            known = self._opaque[path] = _is_opaque(path)
        return known

    def _unpack(self, layers: Sequence[Layer], own: str, dependent: str) -> Path:
        layer, below = layers[-1], layers[:-1]

        def fill(directory: Path) -> str:
            with ExitStack() as stack:
                lower = Lower(lambda: stack.enter_context(self.view(below)) if below else None)
                stream = stack.enter_context(open_plain(self.store.blobs, layer))
                depends = unpack(stream, directory, lower, f"the layer {layer.diff_id.short}")
                while stream.read(_CHUNK):  # the digest is only known to be right at the end
                    pass
            return dependent if depends and below else own

        return self._build(fill)

    def _flat(self, layers: Sequence[Layer], chain_id: Digest) -> Path:
        name = f"flat-{chain_id.hex}"
        if trust.is_trusted(self._directory / name):
            return self._directory / name
        parts = self.directories(layers)[::-1] if len(layers) <= _FLAT_STEP else []
        if not parts:
            cut = len(layers) - _FLAT_STEP
            chain = chain_ids(layer.diff_id for layer in layers)
            parts = [self._flat(layers[:cut], chain[cut - 1])]
            parts += self._tail(layers, chain, cut)
        with self.lock(name):

            def fill(directory: Path) -> str:
                flatten(parts, directory)
                return name

            return self._build(fill)

    def _tail(self, layers: Sequence[Layer], chain: Sequence[Digest], start: int) -> list[Path]:
        return [
            self._unpacked(layers[: index + 1], chain[index])
            for index in range(start, len(layers))
            if layers[index].diff_id != EMPTY_DIFF_ID
        ]

    def _build(self, fill: Callable[[Path], str]) -> Path:
        """Make a snapshot aside and name it once complete; `fill` returns the name."""
        place = self.make_tmp("unpack-")
        try:
            with store_errors("unpacking a layer", self.store.root):
                directory = place / "root"
                directory.mkdir()
                return self.install(directory, fill(directory))
        finally:
            remove_tree(place)

    def _default_stub(self) -> Path:
        from lithify.executor.isolation.stubs import write_stub_layer

        stub = self.store.tmp_dir() / "stub"
        with self._lock:
            if not stub.exists():
                stub.mkdir()
                write_stub_layer(stub)
        return stub

    def _empty_directory(self, attributes: Attributes, kind: str) -> Path:
        """An empty directory with these attributes, shared by all unions of this store."""
        name = Digest.of(repr((kind, attributes)).encode()).short
        path = self.store.tmp_dir() / f"{kind}-{name}"
        with self._lock:
            if not path.exists():
                path.mkdir()
                _apply_to(path, attributes)
        return path


class WritableSnapshot:
    """A union that a step may change: `root_fd` is its detached mount, `upper` where changes go.

    Made by `Snapshots.prepare`; leaving the `with` discards it unless it was committed."""

    def __init__(
        self,
        snapshots: Snapshots,
        layers: Sequence[Layer],
        lowers: list[Path],
        stub: Path,
        place: Path,
    ) -> None:
        self._snapshots = snapshots
        self._layers = layers
        self._stub = stub
        self._place = place
        self.upper = place / "upper"
        self.upper.mkdir()
        _apply_to(self.upper, _root_attributes(lowers))
        work = place / "work"
        work.mkdir()
        self.root_fd = mount_overlay([*lowers, stub], upper=self.upper, work=work)

    def commit(
        self, *, started_ns: int, logical_time: int, clamp: bool = False, faithful: bool = False
    ) -> CommitResult:
        """Make the layer of what was changed, and keep the changes as its snapshot; ends this
        object.

        `started_ns` is Unix time in nanoseconds just before the step began; `logical_time` is in
        seconds; `clamp`: no time may be later; `faithful`: no normalisers. Nothing may run on the
        mount any more. Raises BuildError, StoreError."""
        self._unmount()
        root = self._snapshots.store.root
        try:
            with ExitStack() as stack, store_errors("committing a snapshot", root):
                fd = os.open(self.upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                stack.callback(os.close, fd)
                lower = Lower(lambda: stack.enter_context(self._snapshots.view(self._layers)))
                times = TimeRule(started_ns, logical_time, clamp)
                changes = Changes(fd, lower, times, _paths(self._stub))
                changes.scan()
                if not faithful:
                    from lithify.executor.normalise.table import normalise

                    normalise(changes)
                entries = changes.finish()
                layer = make_layer(self._snapshots.store, entries, logical_time=logical_time)
            self._keep(layer)
        finally:
            self.discard()
        return CommitResult(layer, tuple(changes.notes))

    def discard(self) -> None:
        """Forget the changes; idempotent, and nothing after a commit. Raises StoreError."""
        self._unmount()
        with store_errors("removing a snapshot", self._snapshots.store.root):
            remove_tree(self._place)

    def _keep(self, layer: Layer) -> None:
        if layer.diff_id == EMPTY_DIFF_ID:
            return
        name = layer.diff_id.hex
        root = self._snapshots.store.root
        with self._snapshots.lock(name), store_errors("keeping a snapshot", root):
            self._snapshots.install(self.upper, name)

    def _unmount(self) -> None:
        if self.root_fd >= 0:
            os.close(self.root_fd)
            self.root_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


def _root_attributes(lowers: Sequence[Path]) -> Attributes:
    """Of the union's root: those of the topmost layer that names it (overlayfs takes the
    topmost's)."""
    for path in lowers:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if has_mark(fd, ROOT_XATTR):
                return Attributes.of_stat(os.fstat(fd), read_xattrs(fd))
        finally:
            os.close(fd)
    return DEFAULT_DIRECTORY


def _is_opaque(path: Path) -> bool:
    """Whether a layer hides all below it, which overlayfs does not look for on a layer's root."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return has_mark(fd, OPAQUE_XATTR)
    finally:
        os.close(fd)


def _apply_to(path: Path, attributes: Attributes) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        apply(fd, attributes)
    finally:
        os.close(fd)


def _paths(directory: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(directory)) for path in directory.rglob("*"))
