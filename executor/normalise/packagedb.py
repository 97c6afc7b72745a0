"""Owns the normaliser of package databases: SQLite journals whose bytes depend on timing.

rpm and dnf leave their databases in write-ahead mode; the log holds pages in the order of commits,
with random salts. Checking it in gives one file that any SQLite reads. It works on a copy of
bounded size and keeps the original when anything is unusual: it refuses to repair databases.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.executor.snapshot.changes import Changes

_DATABASES = (
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
    "var/lib/dnf/history.sqlite",
)
_MOST_BYTES = 48 * 1024 * 1024


def settle_package_databases(changes: Changes) -> list[str]:
    return [path for path in _DATABASES if changes.is_file(path) and _settle(changes, path)]


def _settle(changes: Changes, path: str) -> bool:
    journals = [f"{path}-wal", f"{path}-shm"]
    present = [one for one in journals if changes.is_file(one)]
    if not present:
        return False
    database = changes.read(path, _MOST_BYTES)
    log = changes.read(journals[0], _MOST_BYTES) if journals[0] in present else b""
    if database is None or log is None:
        return False
    settled = _checkpoint(database, log)
    if settled is None:
        return False
    changes.replace(path, settled)
    for one in present:
        changes.drop(one)
    return True


def _checkpoint(database: bytes, log: bytes) -> bytes | None:
    """The database with its log checked in, in rollback mode; None if SQLite finds anything
    wrong."""
    import sqlite3

    with TemporaryDirectory(prefix="lithify-") as directory:
        copy = Path(directory) / "database"
        copy.write_bytes(database)
        (Path(directory) / "database-wal").write_bytes(log)
        try:
            connection = sqlite3.connect(copy, isolation_level=None)
            try:
                connection.execute("pragma trusted_schema = off")
                busy = connection.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
                mode = connection.execute("pragma journal_mode = delete").fetchone()[0]
            finally:
                connection.close()
        except sqlite3.Error:
            return None
        return copy.read_bytes() if not busy and mode == "delete" else None
