"""Owns pruning: which roots of a store are dropped, and that what nothing needs any more is gone.

It runs only while nobody else uses the store, moves what it removes aside in one go, and deletes it when others may
enter again; a kill in between leaves garbage for the next start, never a name without its content. It refuses to
remove images that have a name, and to judge by anything but use and size.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Self

from lithify.cache.digest import Digest
from lithify.cache.failures import store_errors
from lithify.cache.locks import open_lock, try_lock
from lithify.cache.oci import MEDIA_LAYER, Descriptor
from lithify.cache.partial import FOLDER as PARTIAL
from lithify.cache.records import MOUNT_ID
from lithify.cache.survey import SNAPSHOT_SIZE, occupied, survey
from lithify.cache.trees import remove_tree
from lithify.errors import StoreInUse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lithify.cache.store import Store
    from lithify.cache.survey import Root, Survey

#: What is dropped unless more is asked for, if no image that stays needs its layers.
_USUAL = ("image", "cache", "context")
#: Memos that only save work: which listing, selection or request has which result.
_MEMOS = ("fingerprint", "selection", "unchanged", "captured from")


@dataclass(frozen=True, slots=True)
class Policy:
    """What to prune. `before` (Unix time): only what was not used since; `most_bytes`: only the least recently
    used, until no more is left than this; `everything`: also what images that stay are made of, as far as it can be
    made again; `is_check`: what is damaged as well, which reads every blob."""

    before: float | None = None
    most_bytes: int | None = None
    everything: bool = False
    is_check: bool = False


@dataclass(slots=True)
class Freed:
    """What a pruning did: (kind, name, bytes on disk), and damaged blobs with the images they belonged to."""

    items: list[tuple[str, str, int]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(size for _, _, size in self.items)


def prune(store: Store, policy: Policy) -> Freed:
    """Remove what the policy says and what nothing needs. Raises StoreInUse, StoreError."""
    freed = Freed()
    with _Trash(store) as trash:
        if policy.is_check:
            _drop_damaged(store, trash, freed)
        seen = survey(store)
        dropped = _dropped(seen, policy)
        kept = [root for root in seen.roots if root not in dropped]
        _forget(store, dropped, kept, policy, freed)
        _sweep(store, seen, kept, policy, trash, freed)
        _drop_partial(store, policy, trash, freed)
    return freed


def bound(store: Store, most_bytes: int) -> Freed | None:
    """Keep a store below a size; nothing happens while others use it. Raises StoreError."""
    if occupied(store) <= most_bytes:
        return None
    try:
        return prune(store, Policy(most_bytes=most_bytes))
    except StoreInUse:
        return None


def prune_mounts(store: Store, before: float | None) -> Freed:
    """Remove cache mounts that were not used since `before` (None: all). Raises StoreInUse, StoreError."""
    freed = Freed()
    with _Trash(store) as trash:
        seen = survey(store)
        for name, item in sorted(seen.mounts.items()):
            if before is not None and item.time >= before:
                continue
            lock = store.root / "mounts" / f"{name}.lock"
            with store_errors("removing a cache mount", store.root):
                descriptor = open_lock(lock)
                try:
                    if try_lock(descriptor, fcntl.LOCK_EX):
                        trash.take(store.root / "mounts" / name)
                        lock.unlink()
                        label = seen.mount_ids.get(name.partition(".")[0], name)
                        freed.items.append(("cache mount", label, item.size))
                finally:
                    os.close(descriptor)
        _delete_rows(store, "memo", "key", (), kind=MOUNT_ID, unless=_mount_names(store))
    return freed


def _mount_names(store: Store) -> set[str]:
    return {path.name.partition(".")[0] for path in (store.root / "mounts").iterdir()}


class _Trash:
    """Where removed things go while the store is ours alone; they are deleted after that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._place = store.tmp_dir() / "trash"
        self._numbers = count()
        self._exclusive = store.exclusive()

    def __enter__(self) -> Self:
        if not self._exclusive.__enter__():
            self._exclusive.__exit__(None, None, None)
            raise StoreInUse(
                f"the store {self._store.root} is in use, nothing was removed",
                hint="prune again when the builds and containers that use it have ended",
            )
        self._place.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._exclusive.__exit__(None, None, None)
        with store_errors("removing what was pruned", self._store.root):
            remove_tree(self._place)

    def take(self, path: Path) -> None:
        """Move a file or directory here; a missing one is fine."""
        with suppress(FileNotFoundError):
            path.rename(self._place / str(next(self._numbers)))


# -- what goes ------------------------------------------------------------------------------------


def _dropped(seen: Survey, policy: Policy) -> list[Root]:
    needed = {blob for root in seen.roots if root.is_kept for blob in root.blobs}
    candidates = [
        root
        for root in seen.roots
        if not root.is_kept
        and (policy.before is None or root.used < policy.before)
        and _may_go(root, policy, needed)
    ]
    if policy.most_bytes is None:
        return candidates
    return list(_least_recent(seen, candidates, policy.most_bytes))


def _may_go(root: Root, policy: Policy, needed: set[str]) -> bool:
    if policy.everything or policy.most_bytes is not None:
        return True
    if root.kind == "unpacked":
        return bool(root.keys)
    return root.kind in _USUAL and not (root.kind == "cache" and root.blobs <= needed)


def _least_recent(seen: Survey, candidates: list[Root], most_bytes: int) -> Iterator[Root]:
    """As many as needed, the least recently used first; what would free nothing stays."""
    users: dict[str, int] = {}
    sizes = {
        **{name: one.size for name, one in seen.blobs.items()},
        **{f"/{name}": one.size for name, one in seen.snapshots.items()},
    }
    for root in seen.roots:
        for name in _needs(root):
            users[name] = users.get(name, 0) + 1
    left = sum(size for name, size in sizes.items() if name in users)
    for root in sorted(candidates, key=lambda one: one.used):
        if left <= most_bytes:
            return
        gain = sum(sizes.get(name, 0) for name in _needs(root) if users[name] == 1)
        if gain:
            left -= gain
            for name in _needs(root):
                users[name] -= 1
            yield root


def _needs(root: Root) -> Iterable[str]:
    return (*root.blobs, *(f"/{name}" for name in root.snapshots))


# -- removal --------------------------------------------------------------------------------------


def _forget(
    store: Store, dropped: list[Root], kept: list[Root], policy: Policy, freed: Freed
) -> None:
    """First the names, then the content: no name may lead to nothing."""
    entries = {key for root in dropped if root.kind == "image" for key in root.keys}
    freed.items += [("image", name, 0) for name in store.images.drop_unnamed(entries)]
    keys = [key for root in dropped if root.kind == "cache" for key in root.keys]
    for table in ("records", "uses"):
        _delete_rows(store, table, "key", keys)
    freed.items += [("cached result", root.name, 0) for root in dropped if root.kind == "cache"]
    for memo, kind in (("capture", "context"), ("resolution", "base")):
        names = [root.name for root in dropped if root.kind == kind]
        _delete_rows(store, "memo", "key", names, kind=memo)
    if policy.everything and policy.before is None and policy.most_bytes is None:
        for memo in _MEMOS:
            store.records.memo_clear(memo)
        _delete_rows(store, "manifests", "name", (), unless=set())


def _delete_rows(
    store: Store,
    table: str,
    column: str,
    names: Iterable[str],
    *,
    kind: str = "",
    unless: set[str] | None = None,
) -> None:
    """Delete rows by name, or with `unless` all others; names of tables and columns are ours."""
    with store.records.transaction() as connection:
        of_kind = " AND kind = ?" if kind else ""
        more = (kind,) if kind else ()
        if unless is not None:
            rows = connection.execute(
                f"SELECT {column} FROM {table} WHERE 1 = 1{of_kind}", more
            ).fetchall()
            names = [row[0] for row in rows if row[0] not in unless]
        connection.executemany(
            f"DELETE FROM {table} WHERE {column} = ?{of_kind}", ((name, *more) for name in names)
        )


def _sweep(
    store: Store, seen: Survey, kept: list[Root], policy: Policy, trash: _Trash, freed: Freed
) -> None:
    """Take away every blob, snapshot and index that no kept root needs."""
    blobs = {blob for root in kept for blob in root.blobs}
    snapshots = {name for root in kept for name in root.snapshots}
    diff_ids = {diff_id for root in kept for diff_id in root.diff_ids}
    if not policy.everything:
        blobs |= {blob for diff_id, blob in seen.compressed if diff_id in diff_ids}
    if policy.is_check:
        snapshots = set()
    folders = (
        ("blob", seen.blobs, store.root / "blobs" / "sha256", blobs),
        ("snapshot", seen.snapshots, store.root / "snapshots", snapshots),
        ("index", seen.indexes, store.root / "index", _kept_indexes(seen, policy)),
    )
    gone: dict[str, list[str]] = {}
    with store_errors("removing what nothing needs", store.root):
        for kind, items, folder, needed in folders:
            for name, item in items.items():
                is_young = policy.before is not None and item.time >= policy.before
                if name not in needed and not is_young:
                    trash.take(folder / name)
                    freed.items.append((kind, name, item.size))
                    gone.setdefault(kind, []).append(name)
    _delete_rows(store, "memo", "key", gone.get("snapshot", ()), kind=SNAPSHOT_SIZE)
    _forget_compressed(store, gone.get("blob", ()))
    if policy.everything:
        store.records.shrink()


def _drop_partial(store: Store, policy: Policy, trash: _Trash, freed: Freed) -> None:
    """Downloads that were broken off: nobody goes on with them while the store is ours alone."""
    folder = store.root / PARTIAL
    with store_errors("removing partial downloads", store.root):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            stat = path.stat()
            if policy.before is None or stat.st_mtime < policy.before:
                trash.take(path)
                freed.items.append(("partial download", path.name, stat.st_blocks * 512))


def _kept_indexes(seen: Survey, policy: Policy) -> set[str]:
    """Under a limit of size they stay: they are small, and what they save is not."""
    return set(seen.indexes) if policy.most_bytes is not None else set()


def _forget_compressed(store: Store, blobs: Iterable[str]) -> None:
    with store.records.transaction() as connection:
        connection.executemany(
            "DELETE FROM compressed WHERE json_extract(descriptor, '$.digest') = ?",
            ((f"sha256:{name}",) for name in blobs),
        )


# -- damage ---------------------------------------------------------------------------------------


def _drop_damaged(store: Store, trash: _Trash, freed: Freed) -> None:
    """Remove what is not what its name says, and everything that led to it."""
    if not store.records.is_sound():
        for path in store.records.paths():
            trash.take(path)
        freed.damaged.append("records.db")
    missing = set()
    for digest in store.blobs.digests():
        size = store.blobs.size(digest)
        if size is not None and not store.blobs.verify(Descriptor(MEDIA_LAYER, digest, size)):
            freed.damaged.append(str(digest))
            missing.add(digest)
    bad = [
        record.key
        for _, record in store.records.records()
        if not store.blobs.holds(record.layer.descriptor)
    ]
    _delete_rows(store, "records", "key", bad)
    if missing:
        freed.damaged += [f"image {name}" for name in _broken_images(store, missing)]


def _broken_images(store: Store, missing: set[Digest]) -> Iterator[str]:
    for root in survey(store).roots:
        if root.kind == "image" and any(digest.hex in root.blobs for digest in missing):
            yield root.name
