"""Owns what a store tells an editor: what the last builds of a Dockerfile did, and which images are at hand.

The store is somebody else's, perhaps of a build under way, so it is opened only for reading, only when an answer is
wanted, and anything that goes wrong means that nothing is known. It refuses to create or lock anything.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lithify.cache.history import read_builds
from lithify.compiler.editing.facts import StepFact
from lithify.errors import LithifyError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.history import BuildRecord, StepRecord
    from lithify.cache.ports import ResolvedImage

_RECORDS = "records.db"
_INDEX = "index.json"
_MOST_INDEX_BYTES = 16 * 1024 * 1024
_MOST_BUILDS = 20
_BUSY_S = 0.2


class StoreFacts:
    """What a store remembers; `of` narrows it to one Dockerfile. Never raises."""

    def __init__(self, root: str, find: Callable[[str], ResolvedImage | None]) -> None:
        """`find` is how an image is found by its name."""
        self.image = find
        self._root = Path(root) if root else None
        self._stamp: tuple[int, ...] = ()
        self._builds: tuple[BuildRecord, ...] = ()
        self._sizes: dict[str, int | None] = {}

    def of(self, path: str) -> FileFacts:
        """What is remembered of builds of a Dockerfile; '' for one that is not saved."""
        builds = self._latest() if path else ()
        return FileFacts(self, tuple(one for one in builds if _is_of(one, path)))

    def images(self) -> tuple[str, ...]:
        """Names of images that are at hand, as people write them."""
        from lithify.cache.imageindex import NAME, REF_NAME
        from lithify.cache.oci import Index
        from lithify.cache.reference import parse_reference

        names: dict[str, None] = {}
        with suppress(OSError, LithifyError):
            if self._root is None:
                return ()
            with (self._root / _INDEX).open("rb") as file:
                index = Index.parse(file.read(_MOST_INDEX_BYTES))
            for one in index.manifests:
                name = one.annotation.get(NAME) or one.annotation.get(REF_NAME)
                if name:
                    names[parse_reference(name).familiar] = None
        return tuple(sorted(names))

    def size(self, key: str) -> int | None:
        """Bytes of the layer that a step of a key made, as stored."""
        if key not in self._sizes:
            self._sizes[key] = self._read_size(key)
        return self._sizes[key]

    def _read_size(self, key: str) -> int | None:
        import json

        with suppress(StoreError, ValueError, KeyError, TypeError):
            rows = self._query("SELECT layer FROM records WHERE key = ?", key)
            if rows:
                return int(json.loads(rows[0][0])["size"])
        return None

    def _query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement, read without waiting for long. Raises StoreError."""
        import sqlite3

        if self._root is None:
            return []
        try:
            address = f"{(self._root / _RECORDS).resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, uri=True, timeout=_BUSY_S)
            with closing(connection):
                return connection.execute(sql, values).fetchall()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._root}: {error}") from error

    def _latest(self) -> tuple[BuildRecord, ...]:
        """The last builds, read again only when the store has changed."""
        if self._root is None:
            return ()
        stamp = tuple(_changed(self._root / f"{_RECORDS}{end}") for end in ("", "-wal"))
        if stamp != self._stamp and any(stamp):
            self._stamp = stamp
            self._sizes = {}
            try:
                self._builds = read_builds(self._query, _MOST_BUILDS)
            except StoreError:
                self._builds = ()
        return self._builds


class FileFacts:
    """What builds of one Dockerfile did (BuildFacts)."""

    def __init__(self, store: StoreFacts, builds: tuple[BuildRecord, ...]) -> None:
        self._store = store
        self._builds = builds

    def step(self, stage: str, text: str) -> StepFact | None:
        """The newest step that is this instruction and was reached."""
        for build in self._builds:
            for step in build.steps:
                if step.stage == stage and step.outcome != "waiting" and _is_step(step, text):
                    size = self._store.size(step.key) if step.key else None
                    reason = step.reasons[0] if step.reasons else ""
                    return StepFact(step.outcome, step.seconds, size, reason)
        return None

    def images(self) -> tuple[str, ...]:
        """Names of images that are at hand."""
        return self._store.images()

    def image(self, name: str) -> ResolvedImage | None:
        """The image of a name, if it is at hand."""
        return self._store.image(name)


def _is_step(step: StepRecord, text: str) -> bool:
    """Whether a step is an instruction: its name may go on with a remark."""
    return step.text == text or step.text.startswith(f"{text} ")


def _is_of(build: BuildRecord, path: str) -> bool:
    project = build.project
    written = project.dockerfile or "Dockerfile"
    return os.path.realpath(os.path.join(project.context, written)) == os.path.realpath(path)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
