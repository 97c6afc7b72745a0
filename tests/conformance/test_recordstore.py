"""What every RecordStore must do, and the memos beside it."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.oci import MEDIA_LAYER, MEDIA_LAYER_GZIP, Descriptor
from lithify.cache.ports import CacheRecord, Layer, Leaf
from lithify.cache.records import SqliteRecordStore
from lithify.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def records(path: Path) -> Iterator[SqliteRecordStore]:
    store = SqliteRecordStore(path)
    yield store
    store.close()


def record(key: str, text: str = "content", created: float = 1.5) -> CacheRecord:
    digest = Digest.of(text.encode())
    layer = Layer(Descriptor(MEDIA_LAYER, digest, len(text)), digest)
    return CacheRecord(CacheKey(key), layer, (Leaf("ENV", "a=b"), Leaf("текст", "\n'\"")), created)


def test_unknown_key_is_a_miss(records: SqliteRecordStore) -> None:
    assert records.get(CacheKey("k")) is None


def test_what_was_put_is_got_back_whole(records: SqliteRecordStore) -> None:
    records.put(record("k"), step="RUN x")
    assert records.get(CacheKey("k")) == record("k")
    assert records.layer_digests() == {record("k").layer.descriptor.digest}


def test_put_replaces(records: SqliteRecordStore) -> None:
    records.put(record("k", "old"), step="s")
    records.put(record("k", "new"), step="s")
    assert records.get(CacheKey("k")) == record("k", "new")


def test_delete_makes_a_miss_and_may_be_repeated(records: SqliteRecordStore) -> None:
    records.put(record("k"), step="s")
    records.delete(CacheKey("k"))
    records.delete(CacheKey("k"))
    assert records.get(CacheKey("k")) is None


def test_records_of_a_step_come_newest_first(records: SqliteRecordStore) -> None:
    for number in range(5):
        records.put(record(f"k{number}", created=float(number)), step="RUN x")
    records.put(record("other", created=9.0), step="RUN y")
    assert [one.key for one in records.of_step("RUN x", 2)] == ["k4", "k3"]
    assert [step for step, _ in records.records()] == ["RUN x"] * 5 + ["RUN y"]


def test_records_outlive_the_process(path: Path) -> None:
    first = SqliteRecordStore(path)
    first.put(record("k"), step="s")
    first.close()
    first.close()
    second = SqliteRecordStore(path)
    assert second.get(CacheKey("k")) == record("k")
    second.close()


def test_memos_are_kept_by_kind(records: SqliteRecordStore) -> None:
    records.memo_put("hash", "k", "1")
    records.memo_put("hash", "k", "2")
    records.memo_put("other", "k", "3")
    assert records.memo_get("hash", "k") == "2"
    records.memo_clear("hash")
    assert records.memo_get("hash", "k") is None
    assert records.memo_get("other", "k") == "3"


def test_compressed_blob_is_remembered_by_codec_and_tells_its_diff_id(
    records: SqliteRecordStore,
) -> None:
    plain, packed = Digest.of(b"plain"), Descriptor(MEDIA_LAYER_GZIP, Digest.of(b"packed"), 6)
    assert records.find_compressed(plain, "c1") is None
    records.remember_compressed(plain, "c1", packed)
    assert records.find_compressed(plain, "c1") == packed
    assert records.find_compressed(plain, "c2") is None
    assert records.find_diff_id(packed.digest) == plain
    assert records.find_diff_id(plain) is None


def test_damaged_file_says_that_only_cached_results_are_lost(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)
    records = SqliteRecordStore(path)
    with pytest.raises(StoreError, match="is damaged") as caught:
        records.get(CacheKey("k"))
    assert "remove it" in caught.value.hint


def test_newer_schema_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer lithify"):
        SqliteRecordStore(path).get(CacheKey("k"))


def test_threads_share_one_store(records: SqliteRecordStore) -> None:
    def work(worker: int) -> None:
        for number in range(50):
            records.put(record(f"{worker}-{number}"), step="s")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(records.records()) == 200


def _put_many(path: Path, worker: int) -> None:
    records = SqliteRecordStore(path)
    for number in range(50):
        records.put(record(f"{worker}-{number}"), step="s")
    records.close()


def test_processes_may_create_and_write_at_once(path: Path, records: SqliteRecordStore) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_put_many, args=(path, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(records.records()) == 200
