"""Owns `index.json` of a store: which images it keeps and what they are called.

The file is the OCI image layout's own, so that other tools see the same names. Every change is one rename under a
lock between processes. It refuses to look inside the images.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cache.failures import store_errors
from lithify.cache.oci import Descriptor, Index
from lithify.errors import Corrupt, StoreError
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

#: The name in full, in both annotations: as containerd writes it, and unique as a layout's tag.
NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
_STORED = "lithify.stored"
_NAMING = (NAME, REF_NAME, _STORED)
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """An image of the store: its name (None if it has none), content, and when it came (Unix time)."""

    name: str | None
    descriptor: Descriptor
    stored: float

    def to_descriptor(self) -> Descriptor:
        names = {NAME: self.name, REF_NAME: self.name} if self.name else {}
        added = {**names, _STORED: f"{self.stored:.3f}"}
        kept = {**self.descriptor.annotation, **added}
        return replace(self.descriptor, annotations=tuple(sorted(kept.items())))

    @classmethod
    def from_descriptor(cls, descriptor: Descriptor) -> IndexEntry:
        annotation = descriptor.annotation
        kept = tuple(pair for pair in descriptor.annotations if pair[0] not in _NAMING)
        return cls(
            annotation.get(NAME) or annotation.get(REF_NAME),
            replace(descriptor, annotations=kept),
            _time(annotation.get(_STORED, "")),
        )


def _time(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


class ImageIndex:
    """Reads and changes `index.json`; thread- and process-safe. Raises StoreError."""

    def __init__(
        self, root: Path, tmp_dir: Path, lock: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        self._root = root
        self._path = root / "index.json"
        self._tmp_dir = tmp_dir
        self._lock = lock

    def read(self) -> tuple[IndexEntry, ...]:
        """All entries in file order."""
        with store_errors("reading index.json", self._root), self._path.open("rb") as file:
            raw = file.read(_MOST_BYTES)
        try:
            return tuple(IndexEntry.from_descriptor(one) for one in Index.parse(raw).manifests)
        except Corrupt as error:
            raise StoreError(
                f"{self._path} is damaged: {error.message}",
                hint="the images' names are lost: remove the file and build, pull or load again",
            ) from error

    def update(
        self, change: Callable[[tuple[IndexEntry, ...]], tuple[IndexEntry, ...]]
    ) -> tuple[IndexEntry, ...]:
        """Replace the entries by what `change` makes of them; atomic, and no write if equal.

        Returns the entries as they were before."""
        with self._lock("index.json"):
            old = self.read()
            new = change(old)
            if new != old:
                write_index(self._path, self._tmp_dir, new, self._root)
        return old


def write_index(path: Path, tmp_dir: Path, entries: tuple[IndexEntry, ...], root: Path) -> None:
    """Write `index.json`, on disk before it is renamed: names cannot be recomputed."""
    raw = Index.make(tuple(entry.to_descriptor() for entry in entries)).raw
    replace_file(path, tmp_dir, raw, root)


def replace_file(path: Path, tmp_dir: Path, data: bytes, root: Path) -> None:
    """Replace a small file atomically and durably. The caller holds the lock for it."""
    fresh = tmp_dir / f"replacing-{path.name}"
    with store_errors(f"writing {path.name}", root):
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno())
        fresh.replace(path)
