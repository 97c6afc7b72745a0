"""Owns the view over a whole store: what lies in it, how large it is, and what needs it.

Everything that needs content is a root: an image, a base image that a name once meant, a group of cache records, a
captured context. Whatever no root needs is garbage, so that what to remove follows from which roots to drop. It
refuses to change anything.
"""

from __future__ import annotations

import json
import os
import stat as stat_bits
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.digest import CacheKey, Digest, chain_ids
from lithify.cache.documents import image_manifests, reachable, read_config, read_manifest
from lithify.cache.failures import store_errors
from lithify.cache.oci import Descriptor
from lithify.cache.records import MOUNT_ID
from lithify.cache.referrers import subject_of
from lithify.cache.resolutions import remembered
from lithify.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lithify.cache.imageindex import IndexEntry
    from lithify.cache.ports import CacheRecord
    from lithify.cache.store import Store

#: The memo from a snapshot's name to its size: a snapshot never changes.
SNAPSHOT_SIZE = "snapshot size"
_DATABASE = ("records.db", "records.db-wal", "records.db-shm")


class Item(NamedTuple):
    """A file or directory of the store: its size on disk in bytes, when it was last written (Unix time)."""

    size: int
    time: float


@dataclass(frozen=True, slots=True)
class Root:
    """Something that needs content. `kind` is image, base, cache, context or unpacked.

    `used` is when it was last used (Unix time); what `is_kept` is never dropped. `keys` are of cache records, of
    memos, or digests of index entries; what is unpacked of an image that goes has that image's."""

    kind: str
    name: str
    used: float
    blobs: frozenset[str] = frozenset()
    snapshots: frozenset[str] = frozenset()
    diff_ids: frozenset[str] = frozenset()
    is_kept: bool = False
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """A store at one moment. Names of blobs are hex digits; `mounts` and `indexes` are file names."""

    roots: tuple[Root, ...]
    blobs: dict[str, Item]
    snapshots: dict[str, Item]
    mounts: dict[str, Item]
    indexes: dict[str, Item]
    #: (diff id, hex digits of the compressed blob).
    compressed: tuple[tuple[str, str], ...]
    database_bytes: int
    mount_ids: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """All bytes that pruning can free; cache mounts are apart."""
        return (
            sum(one.size for one in self.blobs.values())
            + sum(one.size for one in self.snapshots.values())
            + sum(one.size for one in self.indexes.values())
        )


def survey(store: Store) -> Survey:
    """Look at everything, and fetch nothing. Raises StoreError."""
    with store_errors("looking at the store", store.root), _without_fetching(store):
        return Survey(
            roots=tuple(_roots(store)),
            blobs=_files(store.root / "blobs" / "sha256"),
            snapshots=_snapshots(store),
            mounts=_mounts(store.root / "mounts"),
            indexes=_files(store.root / "index"),
            compressed=_compressed(store),
            database_bytes=_database_size(store.root),
            mount_ids=store.records.memo_all(MOUNT_ID),
        )


@contextmanager
def _without_fetching(store: Store) -> Iterator[None]:
    fetch, store.blobs.fetch = store.blobs.fetch, None
    try:
        yield
    finally:
        store.blobs.fetch = fetch


def occupied(store: Store) -> int:
    """What `Survey.size` would be, without finding out who needs what. Raises StoreError."""
    with store_errors("looking at the store", store.root):
        folders = (store.root / "blobs" / "sha256", store.root / "index")
        files = sum(one.size for folder in folders for one in _files(folder).values())
        return files + sum(one.size for one in _snapshots(store).values())


# -- roots ----------------------------------------------------------------------------------------


def _roots(store: Store) -> Iterator[Root]:
    entries = store.images.entries()
    subjects = _subjects_of_names(store, entries)
    for entry in entries:
        name, digest = entry.name or "", entry.descriptor.digest
        kept = name or subjects.get(subject_of(entry.descriptor) or "", "")
        yield from _image_roots(
            store, entry.descriptor, "image", name or digest, entry.stored, kept
        )
    for name, descriptor in remembered(store.records).items():
        path = store.blobs.path(descriptor.digest)
        used = path.stat().st_mtime if path.exists() else 0.0
        yield from _image_roots(store, descriptor, "base", name, used, "")
    yield from _record_roots(store)
    for key, value in store.records.memo_all("capture").items():
        diff_id = Digest(value.partition(" ")[0])
        path = store.blobs.path(diff_id)
        used = path.stat().st_mtime if path.exists() else 0.0
        names = frozenset((diff_id.hex,))
        yield Root("context", key, used, names, names, frozenset((diff_id,)), keys=(key,))


def _subjects_of_names(store: Store, entries: Iterable[IndexEntry]) -> dict[str, str]:
    """The name that keeps each digest an attestation is about."""
    entries = tuple(entries)
    if all(subject_of(one.descriptor) is None for one in entries):
        return {}
    named = [(one.name, one.descriptor) for one in entries if one.name]
    return {str(digest): name for name, image in named for digest in reachable(store.blobs, image)}


def _image_roots(
    store: Store, descriptor: Descriptor, kind: str, name: str, used: float, kept: str
) -> Iterator[Root]:
    """An image's blobs, and apart from them what is unpacked of it: that can be had again."""
    digests = frozenset(digest.hex for digest in reachable(store.blobs, descriptor))
    chains = list(_diff_ids(store, descriptor))
    diff_ids = frozenset(str(diff_id) for chain in chains for diff_id in chain)
    keys = (str(descriptor.digest),) if kind == "image" else (name,)
    yield Root(kind, name, used, digests, frozenset(), diff_ids, bool(kept), keys)
    snapshots = frozenset(one for chain in chains for one in _snapshot_names(chain))
    goes_along = keys if kind == "image" and not kept else ()
    yield Root("unpacked", name, used, snapshots=snapshots, keys=goes_along)


def _diff_ids(store: Store, descriptor: Descriptor) -> Iterator[tuple[Digest, ...]]:
    try:
        for one in image_manifests(store.blobs, descriptor):
            yield read_config(store.blobs, read_manifest(store.blobs, one)).diff_ids
    except ContentError:
        return


def _snapshot_names(diff_ids: tuple[Digest, ...]) -> Iterator[str]:
    """By its diff id; by its chain id if it depends on what is below; merged ones of deep chains."""
    for diff_id, chain_id in zip(diff_ids, chain_ids(diff_ids), strict=True):
        yield from (diff_id.hex, chain_id.hex, f"flat-{chain_id.hex}")


def _record_roots(store: Store) -> Iterator[Root]:
    """Records by the layer they lead to: results of different steps may be the same bytes."""
    uses = dict(store.records.query("SELECT key, used FROM uses"))
    groups: dict[str, list[tuple[str, CacheRecord]]] = {}
    for step, record in store.records.records():
        groups.setdefault(record.layer.descriptor.digest.hex, []).append((step, record))
    for hex_digits, group in groups.items():
        records = [record for _, record in group]
        yield Root(
            "cache",
            group[-1][0],
            max(max(one.created, uses.get(one.key, 0.0)) for one in records),
            frozenset((hex_digits,)),
            frozenset(name for one in records for name in _snapshots_of(one)),
            frozenset(str(one.layer.diff_id) for one in records),
            keys=tuple(CacheKey(one.key) for one in records),
        )


def _snapshots_of(record: CacheRecord) -> Iterator[str]:
    diff_id = record.layer.diff_id
    yield diff_id.hex
    parent = next((leaf.value for leaf in record.leaves if leaf.name == "parent"), "")
    chain = Digest.of(f"{parent} {diff_id}".encode()).hex if parent else diff_id.hex
    yield from (chain, f"flat-{chain}")
    if parent:
        hex_digits = parent.partition(":")[2]
        yield from (hex_digits, f"flat-{hex_digits}")


# -- what lies there ------------------------------------------------------------------------------


def _files(folder: Path) -> dict[str, Item]:
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {one.name: _item(one.stat(follow_symlinks=False)) for one in entries}


def _item(stat: os.stat_result) -> Item:
    return Item(stat.st_blocks * 512, stat.st_mtime)


def _snapshots(store: Store) -> dict[str, Item]:
    known = store.records.memo_all(SNAPSHOT_SIZE)
    found = {}
    with os.scandir(store.root / "snapshots") as entries:
        for one in entries:
            size = known.get(one.name)
            if size is None:
                size = str(tree_size(one.path))
                store.records.memo_put(SNAPSHOT_SIZE, one.name, size)
            # The times of the directory itself are those of the layer's root.
            found[one.name] = Item(int(size), one.stat(follow_symlinks=False).st_ctime)
    return found


def _mounts(folder: Path) -> dict[str, Item]:
    """Cache mounts; a lock is touched with every use."""
    found = {}
    with os.scandir(folder) as entries:
        for one in entries:
            if not one.name.endswith(".lock") and one.is_dir(follow_symlinks=False):
                lock = folder / f"{one.name}.lock"
                time = (lock if lock.exists() else folder / one.name).stat().st_mtime
                found[one.name] = Item(tree_size(one.path), time)
    return found


def tree_size(path: str) -> int:
    """Bytes on disk of a directory, every inode once. Raises OSError."""
    total, seen, todo = 0, set(), [path]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for one in entries:
                stat = one.stat(follow_symlinks=False)
                if stat.st_nlink > 1 and not stat_bits.S_ISDIR(stat.st_mode):
                    if (stat.st_dev, stat.st_ino) in seen:
                        continue
                    seen.add((stat.st_dev, stat.st_ino))
                total += stat.st_blocks * 512
                if stat_bits.S_ISDIR(stat.st_mode):
                    todo.append(one.path)
    return total


def _compressed(store: Store) -> tuple[tuple[str, str], ...]:
    rows = store.records.query("SELECT diff_id, descriptor FROM compressed")
    return tuple(
        (diff_id, Descriptor.from_json(json.loads(text)).digest.hex) for diff_id, text in rows
    )


def _database_size(root: Path) -> int:
    paths: Iterable[Path] = (root / name for name in _DATABASE)
    return sum(path.stat().st_blocks * 512 for path in paths if path.exists())
