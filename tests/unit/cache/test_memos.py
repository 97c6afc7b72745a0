"""Memos that only save work are bounded; facts about what is in the store are not."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from lithify.cache import records
from lithify.cache.records import SqliteRecordStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OLD = """
CREATE TABLE memo (
  kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
INSERT INTO memo VALUES ('fingerprint', 'old', 'value');
PRAGMA user_version = 2;
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteRecordStore]:
    made = SqliteRecordStore(tmp_path / "records.db")
    yield made
    made.close()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_MEMOS", {"fingerprint": 20, "unchanged": 3})
    monkeypatch.setattr(records, "MEMO_ROUND", 8)


@pytest.mark.usefixtures("few")
def test_the_newest_of_each_kind_stay(store: SqliteRecordStore) -> None:
    for number in range(200):
        store.memo_put("fingerprint", f"f{number}", "")
        store.memo_put("unchanged", f"u{number}", "")
    kept = store.memo_all("fingerprint")
    assert 20 <= len(kept) < 20 + 8
    assert {f"f{number}" for number in range(180, 200)} <= set(kept)
    assert len(store.memo_all("unchanged")) < 3 + 8


@pytest.mark.usefixtures("few")
def test_what_is_remembered_anew_is_not_old(store: SqliteRecordStore) -> None:
    for number in range(200):
        store.memo_put("fingerprint", str(number), "")
        store.memo_put("fingerprint", "used", str(number))
    assert store.memo_get("fingerprint", "used") == "199"


@pytest.mark.usefixtures("few")
def test_facts_are_never_forgotten(store: SqliteRecordStore) -> None:
    for number in range(200):
        store.memo_put("resolution", str(number), "")
    assert len(store.memo_all("resolution")) == 200


def test_an_older_store_keeps_its_memos(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "records.db")
    connection.executescript(_OLD)
    connection.close()
    store = SqliteRecordStore(tmp_path / "records.db")
    assert store.memo_get("fingerprint", "old") == "value"
    store.memo_put("fingerprint", "new", "other")
    assert store.memo_all("fingerprint") == {"old": "value", "new": "other"}
    store.close()
