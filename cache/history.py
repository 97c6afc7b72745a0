"""Owns the memory of builds: what each of the last ones did, step by step, and which files it took.

It exists so that a rerun can be explained later, by someone who only has the store. Everything here may be lost
without harm: no build reads it to decide anything. It refuses to compare; it only keeps.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lithify.cache.ports import Leaf
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.cache.records import SqliteRecordStore

    #: A statement and its values -> rows.
    Query = Callable[..., list[tuple[Any, ...]]]

#: How many builds are remembered.
MOST_BUILDS = 50
#: How many bytes the lists of files may take, as they are stored.
MOST_MANIFEST_BYTES = 32 * 1024 * 1024
#: Fast: such lists are written while somebody waits for a build.
_LEVEL = 1
_LARGEST_DOCUMENT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Project:
    """What makes two builds attempts at the same thing. Paths are absolute, or addresses."""

    context: str = ""
    dockerfile: str = ""
    target: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What became of a step: `outcome` is cached, ran, failed or waiting (it was never reached).

    `kind` is its instruction, `parent` the number of the step it stands on; `layer` names what it added and
    `chain` the whole file system after it; `origin` is name@digest of a base image. The first of `reasons` says why
    it was not cached."""

    name: str
    stage: str
    kind: str
    parent: int | None
    platform: str
    outcome: str = "waiting"
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()
    key: str = ""
    layer: str = ""
    chain: str = ""
    origin: str = ""
    leaves: tuple[Leaf, ...] = ()

    @property
    def text(self) -> str:
        """The instruction, without where it stands: `[build 2/5] RUN make` is `RUN make`."""
        return self.name.partition("] ")[2] if self.name.startswith("[") else self.name

    @property
    def place(self) -> int:
        """The position in its stage; 0 if unknown."""
        number = self.name.partition("]")[0].rpartition(" ")[2].strip("[").partition("/")[0]
        return int(number) if number.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One build. Times are Unix times; `repeated` is when it was last found unchanged (0: never).

    `number` is 0 until it is stored; `error` is '' for a good build."""

    created: float
    project: Project
    digest: str
    seconds: float
    steps: tuple[StepRecord, ...]
    error: str = ""
    number: int = 0
    repeated: float = 0.0

    @property
    def id(self) -> str:
        """What people call it."""
        return f"b{self.number}"


class BuildHistory:
    """The last builds of a store, and lists of files by the content they name. Raises StoreError."""

    def __init__(self, records: SqliteRecordStore) -> None:
        self._records = records

    def add(self, build: BuildRecord) -> BuildRecord:
        """Remember a build and that its steps' results were used; forgets the oldest beyond the limit."""
        keys = [step.key for step in build.steps if step.outcome in ("ran", "cached") and step.key]
        with self._records.transaction() as connection:
            row = (build.created, 0.0, build.digest, json.dumps(keys), _packed(build))
            number = connection.execute(
                "INSERT INTO builds (created, repeated, digest, keys, document) VALUES (?, ?, ?, ?, ?)",
                row,
            ).lastrowid
            assert number is not None
            connection.execute("DELETE FROM builds WHERE number <= ?", (number - MOST_BUILDS,))
            connection.executemany(
                "INSERT OR REPLACE INTO uses VALUES (?, ?)", ((key, build.created) for key in keys)
            )
        return replace(build, number=number)

    def latest(self, limit: int = MOST_BUILDS) -> tuple[BuildRecord, ...]:
        """The last builds, the newest first; damaged ones are left out."""
        return read_builds(self._records.query, limit)

    def manifest(self, name: str) -> bytes | None:
        """The list of files that a content name stands for, if it is remembered."""
        packed = self.packed_manifest(name)
        return None if packed is None else unpacked_manifest(packed)

    def packed_manifest(self, name: str) -> bytes | None:
        """The same as it is kept, to be passed on."""
        rows = self._records.query("SELECT data FROM manifests WHERE name = ?", name)
        return bytes(rows[0][0]) if rows else None

    def has_manifest(self, name: str) -> bool:
        return bool(self._records.query("SELECT 1 FROM manifests WHERE name = ?", name))

    def put_manifest(self, name: str, data: bytes, now_s: float) -> None:
        """Remember a list of files; the oldest go when all together are too large."""
        packed = zlib.compress(data, _LEVEL)
        with self._records.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?)",
                (name, now_s, len(packed), packed),
            )
            connection.execute(
                "DELETE FROM manifests WHERE name IN (SELECT name FROM (SELECT name, "
                "sum(size) OVER (ORDER BY stored DESC, name) AS total FROM manifests) "
                "WHERE total > ?)",
                (MOST_MANIFEST_BYTES,),
            )


def unpacked_manifest(packed: bytes) -> bytes | None:
    """A list of files as it was before it was packed; None if it is damaged."""
    try:
        return _inflated(packed)
    except (zlib.error, ValueError):
        return None


def read_builds(query: Query, limit: int = MOST_BUILDS) -> tuple[BuildRecord, ...]:
    """The last builds that a store's records hold, as `BuildHistory.latest`; for who only reads them."""
    rows = query(
        "SELECT number, repeated, document FROM builds "
        "ORDER BY max(created, repeated) DESC, number DESC LIMIT ?",
        limit,
    )
    builds = (_unpacked(int(number), float(repeated), data) for number, repeated, data in rows)
    return tuple(one for one in builds if one is not None)


def _packed(build: BuildRecord) -> bytes:
    document = asdict(build)
    for step in document["steps"]:
        step["leaves"] = [[leaf["name"], leaf["value"]] for leaf in step["leaves"]]
    return zlib.compress(json.dumps(document).encode(), _LEVEL)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    text = inflater.decompress(data, _LARGEST_DOCUMENT)
    if inflater.unconsumed_tail:
        raise ValueError("too large")
    return text


def _unpacked(number: int, repeated: float, data: bytes) -> BuildRecord | None:
    try:
        document = json.loads(_inflated(data))
        steps = tuple(_step(one) for one in document.pop("steps"))
        project = document.pop("project")
        project["names"] = tuple(project["names"])
        document.update(number=number, repeated=repeated)
        return BuildRecord(project=Project(**project), steps=steps, **document)
    except (zlib.error, ValueError, TypeError, KeyError):
        return None


def _step(document: Mapping[str, Any]) -> StepRecord:
    leaves = tuple(Leaf(name, value) for name, value in document["leaves"])
    return StepRecord(**{**document, "reasons": tuple(document["reasons"]), "leaves": leaves})
