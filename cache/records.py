"""Owns the small facts of a store: cache records, memos of content, which blob is which layer.

One sqlite file in WAL mode, because several builds share it and a commit costs microseconds there. Everything in
it can be recomputed: losing it costs work, never correctness. It refuses to check that blobs exist.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.failures import store_errors
from lithify.cache.locks import transient_lock
from lithify.cache.oci import Descriptor
from lithify.cache.ports import CacheRecord, Layer, Leaf, RecordStore
from lithify.errors import StoreError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA_VERSION = 3
#: How many memos of a kind are kept, the newest; those of other kinds are facts about what is in the store.
MOST_MEMOS = {
    "fingerprint": 20_000,
    "selection": 20_000,
    "captured from": 4_096,
    "unchanged": 256,
    "blob-origin": 20_000,
}
#: After so many memos their number is looked at.
MEMO_ROUND = 256
#: The memo from a cache mount's directory to the id it has in Dockerfiles.
MOUNT_ID = "cache mount"
_BUSY_TIMEOUT_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  key TEXT PRIMARY KEY, layer TEXT NOT NULL, digest TEXT NOT NULL, diff_id TEXT NOT NULL,
  leaves TEXT NOT NULL, step TEXT NOT NULL, created REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS records_of_step ON records (step, created);
CREATE TABLE IF NOT EXISTS memo (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  UNIQUE (kind, key));
CREATE TABLE IF NOT EXISTS compressed (
  diff_id TEXT NOT NULL, codec TEXT NOT NULL, descriptor TEXT NOT NULL,
  PRIMARY KEY (diff_id, codec)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS diff_ids (digest TEXT PRIMARY KEY, diff_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS uses (key TEXT PRIMARY KEY, used REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS builds (
  number INTEGER PRIMARY KEY AUTOINCREMENT, created REAL NOT NULL, repeated REAL NOT NULL,
  digest TEXT NOT NULL, keys TEXT NOT NULL, document BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS manifests (
  name TEXT PRIMARY KEY, stored REAL NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL);
"""
_FORGET = """
DELETE FROM memo WHERE kind = ?1 AND number <= (
  SELECT number FROM memo WHERE kind = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)
"""
_RECORD = "SELECT key, layer, diff_id, leaves, created FROM records"


class SqliteRecordStore(RecordStore):
    """RecordStore over `records.db`, with the memos and blob knowledge beside it.

    Opened at first use, for many commands need no record. Every method raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, key: CacheKey) -> CacheRecord | None:
        """The record of a key; the caller checks that its blob is there."""
        row = self._one(f"{_RECORD} WHERE key = ?", key)
        return None if row is None else _record(row)

    def put(self, record: CacheRecord, *, step: str) -> None:
        """Store or replace; survives a killed process once it returns."""
        self._write(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            record.key,
            json.dumps(record.layer.descriptor.to_json()),
            record.layer.descriptor.digest,
            record.layer.diff_id,
            json.dumps([[leaf.name, leaf.value] for leaf in record.leaves]),
            step,
            record.created,
        )

    def delete(self, key: CacheKey) -> None:
        """Forget a record; idempotent."""
        self._write("DELETE FROM records WHERE key = ?", key)

    def of_step(self, step: str, limit: int = 16) -> tuple[CacheRecord, ...]:
        """The newest records of a step, newest first: what an explanation compares with."""
        rows = self._all(f"{_RECORD} WHERE step = ? ORDER BY created DESC LIMIT ?", step, limit)
        return tuple(_record(row) for row in rows)

    def records(self) -> tuple[tuple[str, CacheRecord], ...]:
        """All records with their step, oldest first."""
        rows = self._all(f"{_RECORD.replace('SELECT', 'SELECT step,')} ORDER BY created, key")
        return tuple((str(row[0]), _record(row[1:])) for row in rows)

    def layer_digests(self) -> frozenset[Digest]:
        """The blobs that records refer to."""
        return frozenset(Digest(row[0]) for row in self._all("SELECT DISTINCT digest FROM records"))

    def memo_get(self, kind: str, key: str) -> str | None:
        """A remembered value."""
        row = self._one("SELECT value FROM memo WHERE kind = ? AND key = ?", kind, key)
        return None if row is None else str(row[0])

    def memo_put(self, kind: str, key: str, value: str) -> None:
        """Remember or replace a value; now and then the oldest that only save work are forgotten."""
        with self._use() as connection:
            sql = "INSERT OR REPLACE INTO memo (kind, key, value) VALUES (?, ?, ?)"
            number = connection.execute(sql, (kind, key, value)).lastrowid
            if number is not None and number % MEMO_ROUND == 0:
                connection.executemany(_FORGET, MOST_MEMOS.items())

    def memo_forget(self, kind: str, key: str) -> None:
        """Forget one value, if it is there."""
        self._write("DELETE FROM memo WHERE kind = ? AND key = ?", kind, key)

    def memo_clear(self, kind: str) -> None:
        """Forget all values of a kind."""
        self._write("DELETE FROM memo WHERE kind = ?", kind)

    def memo_all(self, kind: str) -> dict[str, str]:
        """All remembered values of a kind."""
        return dict(self._all("SELECT key, value FROM memo WHERE kind = ?", kind))

    def find_compressed(self, diff_id: Digest, codec: str) -> Descriptor | None:
        """The blob once made of a layer by a codec; the caller checks that it is there."""
        row = self._one(
            "SELECT descriptor FROM compressed WHERE diff_id = ? AND codec = ?", diff_id, codec
        )
        return None if row is None else Descriptor.from_json(json.loads(row[0]))

    def remember_compressed(self, diff_id: Digest, codec: str, descriptor: Descriptor) -> None:
        """Remember the compressed blob of a layer, and so its diff_id."""
        text = json.dumps(descriptor.to_json())
        self._write("INSERT OR REPLACE INTO compressed VALUES (?, ?, ?)", diff_id, codec, text)
        self.remember_diff_id(descriptor.digest, diff_id)

    def find_diff_id(self, digest: Digest) -> Digest | None:
        """The diff_id of a compressed blob, if it was ever verified."""
        row = self._one("SELECT diff_id FROM diff_ids WHERE digest = ?", digest)
        return None if row is None else Digest(row[0])

    def remember_diff_id(self, digest: Digest, diff_id: Digest) -> None:
        """Remember a verified fact; only for bytes that were decompressed and hashed."""
        self._write("INSERT OR REPLACE INTO diff_ids VALUES (?, ?)", digest, diff_id)

    def note_repeated(self, digest: str, now_s: float) -> None:
        """The last build with this result was asked for again and found unchanged: that counts as use."""
        last = "(SELECT max(number) FROM builds WHERE digest = ?)"
        with self.transaction() as connection:
            connection.execute(
                f"UPDATE builds SET repeated = ? WHERE number = {last}", (now_s, digest)
            )
            connection.execute(
                "INSERT OR REPLACE INTO uses SELECT value, ? FROM builds, json_each(builds.keys) "
                f"WHERE number = {last}",
                (now_s, digest),
            )

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a statement, for the other modules of the cache that own tables here."""
        return self._all(sql, *values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Statements that become true together or not at all. Raises StoreError."""
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def is_sound(self) -> bool:
        """Whether the file can be read whole; if not, it is closed, so that it can be taken away."""
        try:
            if self._all("PRAGMA quick_check") == [("ok",)]:
                return True
        except StoreError:
            pass
        self.close()
        return False

    def paths(self) -> tuple[Path, ...]:
        """The files that it consists of, there or not."""
        return tuple(self._path.with_name(self._path.name + end) for end in ("-wal", "-shm", ""))

    def shrink(self) -> None:
        """Give the space of deleted rows back to the disk."""
        self._write("VACUUM")

    def close(self) -> None:
        """Close the file; idempotent."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._all(sql, *values)
        return rows[0] if rows else None

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._use() as connection:
            return connection.execute(sql, values).fetchall()

    def _write(self, sql: str, *values: object) -> None:
        with self._use() as connection:
            connection.execute(sql, values)

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        import sqlite3

        with self._lock:
            try:
                if self._connection is None:
                    with store_errors("opening the records", self._path):
                        self._connection = _connect(self._path)
                yield self._connection
            except sqlite3.Error as error:
                raise _store_error(error, self._path) from error


def _record(row: tuple[Any, ...]) -> CacheRecord:
    key, layer, diff_id, leaves, created = row
    return CacheRecord(
        CacheKey(key),
        Layer(Descriptor.from_json(json.loads(layer)), Digest(diff_id)),
        tuple(Leaf(name, value) for name, value in json.loads(leaves)),
        created,
    )


def _connect(path: Path) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{path} was written by a newer lithify (format {version})",
                hint="use that version, or another store with --root",
            )
        connection.execute("PRAGMA synchronous = NORMAL")
        if version < SCHEMA_VERSION:
            # sqlite does not wait for its lock when it turns to WAL mode.
            with transient_lock(path.with_name(f"{path.name}.lock")):
                _create(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables; several processes may do so at once."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if 0 < version < 3:  # its memos have no age
        connection.execute("ALTER TABLE memo RENAME TO memo_without_age")
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    if 0 < version < 3:
        moved = "SELECT kind, key, value FROM memo_without_age"
        connection.execute(f"INSERT INTO memo (kind, key, value) {moved}")
        connection.execute("DROP TABLE memo_without_age")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _store_error(error: sqlite3.Error, path: Path) -> StoreError:
    text = str(error)
    if "disk is full" in text:
        return StoreError(
            f"no space left while writing {path} ({text})",
            hint="free space (`lithify prune` removes what no image needs) or use --root",
        )
    if "disk I/O" in text:
        return StoreError(f"{path}: {text}", hint="the disk is full or failing; see dmesg")
    if "locked" in text:
        return StoreError(f"{path} is locked by another process for too long")
    if "readonly" in text or "unable to open" in text:
        return StoreError(
            f"{path} cannot be opened for writing: {text}",
            hint="the store belongs to another user or is read-only; choose another with --root",
        )
    return StoreError(
        f"{path} is damaged: {text}",
        hint=f"remove it ({path}, and -wal and -shm beside it): only cached results are lost",
    )
