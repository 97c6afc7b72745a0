"""What every BlobStore must do, and what ours promises beyond."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from lithify.cache.digest import Digest
from lithify.cache.oci import Descriptor
from lithify.cache.store import Store
from lithify.errors import Corrupt, DigestMismatch, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.cache.blobs import FileBlobStore

TYPE = "application/octet-stream"


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[FileBlobStore]:
    with Store.open(tmp_path / "store", clock=lambda: 0.0) as store:
        yield store.blobs


def leftovers(blobs: FileBlobStore) -> list[Path]:
    return [path for path in blobs.root.joinpath("tmp").rglob("*") if path.is_file()]


def test_what_was_put_is_read_back(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    assert descriptor == Descriptor(TYPE, Digest.of(b"content"), 7)
    assert blobs.read(descriptor.digest) == b"content"
    assert blobs.has(descriptor.digest)
    assert blobs.holds(descriptor)
    assert blobs.digests() == (descriptor.digest,)
    with blobs.open(descriptor.digest) as stream:
        stream.seek(3)
        assert stream.read() == b"tent"


def test_writer_names_the_blob_by_all_that_was_written(blobs: FileBlobStore) -> None:
    with blobs.writer() as writer:
        assert writer.write(b"con") == 3
        writer.write(b"tent")
        descriptor = writer.commit(TYPE, Digest.of(b"content"))
    assert blobs.read(descriptor.digest) == b"content"
    assert not leftovers(blobs)


def test_empty_blob_is_a_blob(blobs: FileBlobStore) -> None:
    with blobs.writer() as writer:
        descriptor = writer.commit(TYPE)
    assert blobs.has(descriptor.digest)
    assert blobs.read(descriptor.digest) == b""


def test_storing_twice_is_the_same_as_once(blobs: FileBlobStore) -> None:
    for _ in range(2):
        blobs.put(b"content", TYPE)
        with blobs.writer() as writer:
            writer.write(b"content")
            writer.commit(TYPE)
    assert blobs.digests() == (Digest.of(b"content"),)


def test_unexpected_content_is_not_named(blobs: FileBlobStore) -> None:
    with pytest.raises(DigestMismatch), blobs.writer() as writer:
        writer.write(b"something else")
        writer.commit(TYPE, Digest.of(b"content"))
    assert blobs.digests() == ()
    assert not leftovers(blobs)


def test_writer_left_without_commit_leaves_nothing(blobs: FileBlobStore) -> None:
    with pytest.raises(RuntimeError, match="step failed"), blobs.writer() as writer:
        writer.write(b"half")
        raise RuntimeError("step failed")
    assert blobs.digests() == ()
    assert not leftovers(blobs)


def test_missing_blob_is_not_found(blobs: FileBlobStore) -> None:
    missing = Digest.of(b"missing")
    assert not blobs.has(missing)
    assert blobs.size(missing) is None
    assert not blobs.delete(missing)
    for use in (blobs.open, blobs.read):
        with pytest.raises(NotFound):
            use(missing)


def test_read_is_bounded(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"x" * 100, TYPE)
    assert len(blobs.read(descriptor.digest, 100)) == 100
    with pytest.raises(Corrupt, match="larger than 99"):
        blobs.read(descriptor.digest, 99)


@pytest.mark.parametrize("damage", [b"", b"cont", b"cOntent", b"content and more"])
def test_damage_is_found_when_the_blob_is_used_and_becomes_a_miss(
    blobs: FileBlobStore, damage: bytes
) -> None:
    descriptor = blobs.put(b"content", TYPE)
    blobs.path(descriptor.digest).write_bytes(damage)
    with pytest.raises(DigestMismatch):
        blobs.read(descriptor.digest)
    assert not blobs.has(descriptor.digest)
    blobs.put(b"content", TYPE)
    blobs.path(descriptor.digest).write_bytes(damage)
    with blobs.open_verified(descriptor) as stream, pytest.raises(DigestMismatch):
        stream.read()
    assert not blobs.has(descriptor.digest)


def test_file_emptied_by_power_loss_counts_as_missing(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    blobs.path(descriptor.digest).write_bytes(b"")
    assert not blobs.has(descriptor.digest)
    assert not blobs.holds(descriptor)


def test_storing_again_repairs_a_damaged_blob(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    blobs.path(descriptor.digest).write_bytes(b"damaged")
    blobs.put(b"content", TYPE)
    assert blobs.read(descriptor.digest) == b"content"
    blobs.path(descriptor.digest).write_bytes(b"damaged")
    with blobs.writer() as writer:
        writer.write(b"content")
        writer.commit(TYPE)
    assert blobs.read(descriptor.digest) == b"content"


def test_verified_stream_yields_no_more_than_the_promised_size(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    blobs.path(descriptor.digest).write_bytes(b"content" * 1_000_000)
    with blobs.open_verified(descriptor) as stream, pytest.raises(DigestMismatch):
        stream.read(1)


def test_verify_tells_good_from_damaged(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    assert blobs.verify(descriptor)
    assert not blobs.verify(Descriptor(TYPE, descriptor.digest, 6))
    assert not blobs.verify(descriptor), "a mismatch removes the blob"


def test_threads_may_write_the_same_and_other_blobs(blobs: FileBlobStore) -> None:
    def work() -> None:
        for number in range(50):
            with blobs.writer() as writer:
                writer.write(b"%d" % number)
                writer.commit(TYPE)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(blobs.digests()) == {Digest.of(b"%d" % n) for n in range(50)}
    assert not leftovers(blobs)


def test_sync_waits_for_the_disk_without_complaint(blobs: FileBlobStore) -> None:
    descriptor = blobs.put(b"content", TYPE)
    blobs.sync()
    assert blobs.holds(descriptor)
