"""A process killed between any two operations, and a full disk, cost work but never correctness."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lithify.cache.compression import ensure_compressed
from lithify.cache.digest import CacheKey
from lithify.cache.oci import MEDIA_CONFIG, MEDIA_LAYER, ImageConfig, Manifest
from lithify.cache.platform import Platform
from lithify.cache.ports import CacheRecord, Layer
from lithify.cache.store import Store
from lithify.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.cache.oci import Descriptor

KEY = CacheKey("k" * 64)
CONTENT = b"layer" * 300
#: Audit events that come before what changes the disk.
_EFFECTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "sqlite3.connect")


def build(root: Path) -> Descriptor:
    """What a build does to a store, in its order: layer, record, config, manifest, name."""
    with Store.open(root, clock=lambda: 1.0) as store:
        record = store.records.get(KEY)
        if record is None or not store.blobs.holds(record.layer.descriptor):
            with store.blobs.writer() as writer:
                writer.write(CONTENT)
                made = writer.commit(MEDIA_LAYER)
            record = CacheRecord(KEY, Layer(made, made.digest), (), 1.0)
            store.records.put(record, step="RUN x")
        layer = ensure_compressed(store, record.layer)
        config = ImageConfig(Platform("linux", "amd64"), diff_ids=(record.layer.diff_id,))
        described = store.blobs.put(config.render(), MEDIA_CONFIG)
        manifest = Manifest.make(described, (layer,))
        image = store.blobs.put(manifest.raw, manifest.media_type)
        store.images.tag("app", image)
        return image


def die_before_effect(root: Path, number: int) -> bool:
    """Run `build` in a child that dies, as by SIGKILL, before its n-th effect; False if it lived."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(event: str, _: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _EFFECTS:
                seen += 1
                if seen == number:
                    os._exit(9)

        sys.addaudithook(count)
        build(root)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def contents(root: Path) -> dict[str, bytes]:
    """Everything that lasts; the database is compared by what it answers."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("records.db")
    }


def test_build_after_a_kill_at_any_point_equals_a_clean_one(tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    image = build(clean)
    number = 1
    while die_before_effect(root := tmp_path / str(number), number):
        with Store.open(root, clock=lambda: 1.0) as store:
            record = store.records.get(KEY)
            assert record is None or store.blobs.verify(record.layer.descriptor)
            found = store.images.get("app")
            assert found in (None, image)
            if found is not None:
                resolved = store.images.resolve(found, Platform("linux", "amd64"), "app")
                assert all(store.blobs.verify(layer.descriptor) for layer in resolved.layers)
        assert build(root) == image
        assert contents(root) == contents(clean), f"killed before effect {number}"
        number += 1
    assert number > 20


def test_power_loss_that_emptied_a_layer_is_a_miss(tmp_path: Path) -> None:
    image = build(tmp_path / "store")
    with Store.open(tmp_path / "store", clock=lambda: 1.0) as store:
        for digest in store.blobs.digests():
            store.blobs.path(digest).write_bytes(b"")
    assert build(tmp_path / "store") == image
    with Store.open(tmp_path / "store", clock=lambda: 1.0) as store:
        resolved = store.images.resolve(image, Platform("linux", "amd64"), "app")
        assert all(store.blobs.verify(layer.descriptor) for layer in resolved.layers)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_at_the_last_moment_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    with Store.open(tmp_path / "store", clock=lambda: 1.0) as store:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", full)
            with pytest.raises(StoreError, match="no space left") as caught:
                store.blobs.put(b"x", MEDIA_CONFIG)
        assert "--root" in caught.value.hint
        assert store.blobs.digests() == ()
        assert not any(store.tmp_dir().iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.root
def test_full_disk_is_a_clear_error_and_leaves_no_half_blob(small_disk: Path) -> None:
    with Store.open(small_disk / "store", clock=lambda: 1.0) as store:
        with pytest.raises(StoreError, match="no space left"), store.blobs.writer() as writer:
            for number in range(64):
                writer.write(os.urandom(64 * 1024) + b"%d" % number)
            writer.commit(MEDIA_LAYER)
        assert store.blobs.digests() == ()
        assert not any(store.tmp_dir().iterdir())
        kept = store.blobs.put(b"there is room again", MEDIA_CONFIG)
        assert store.blobs.verify(kept)


@pytest.mark.root
def test_full_disk_stops_records_and_names_with_a_clear_error(small_disk: Path) -> None:
    with Store.open(small_disk / "store", clock=lambda: 1.0) as store:
        image = store.blobs.put(b"{}", MEDIA_CONFIG)
        store.images.tag("before", image)
        store.records.memo_put("kind", "before", "value")
        filler = small_disk / "filler"
        with filler.open("wb", 0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(bytes(4096))
        with pytest.raises(StoreError, match="no space left"):
            store.images.tag("after", image)
        with pytest.raises(StoreError, match="no space left"):
            for number in range(1000):
                store.records.memo_put("kind", str(number), "x" * 4000)
        filler.unlink()
        assert store.images.get("before") == image
        assert store.records.memo_get("kind", "before") == "value"
        store.images.tag("after", image)
        store.records.memo_put("kind", "after", "value")
