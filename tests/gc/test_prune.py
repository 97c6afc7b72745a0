"""Pruning removes what nothing needs, and nothing else: what is left builds the same images."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from lithify.cache import survey
from lithify.cache.gc import Policy
from lithify.cache.history import BuildHistory
from lithify.cache.store import Store
from lithify.errors import StoreInUse

if TYPE_CHECKING:
    from tests.gc.conftest import Site

TWO = ("FROM scratch AS build", "COPY a /a", "FROM scratch", "COPY --from=build /a /b")


def _age(site: Site, seconds: float) -> None:
    """Everything in the store was last used so long ago."""
    then = time.time() - seconds
    with site.store.records.transaction() as connection:
        connection.execute("UPDATE records SET created = ?", (then,))
        connection.execute("UPDATE uses SET used = ?", (then,))
    for path in (site.root / "blobs" / "sha256").iterdir():
        os.utime(path, (then, then))


def test_a_named_image_and_its_results_stay(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build("FROM scratch", "COPY a /a", tag="app")
    before = site.blobs()
    site.engine.upkeep().prune(Policy())
    assert site.blobs() == before
    assert site.build("FROM scratch", "COPY a /a", "CMD x")[1] == 0
    assert site.engine.inspect(["app"])[0]["Id"] == digest


def test_what_only_a_stage_needed_goes(site: Site) -> None:
    site.write("a", "1")
    site.build(*TWO, tag="app")
    freed = site.engine.upkeep().prune(Policy())
    assert {kind for kind, _, _ in freed.items} >= {"cached result", "blob"}
    assert site.build(*TWO, "CMD x")[1] == 1


def test_an_image_that_lost_its_name_goes_with_its_layers(site: Site) -> None:
    site.write("a", "1")
    first, _ = site.build("FROM scratch", "COPY a /a", tag="app")
    site.write("a", "2")
    second, _ = site.build("FROM scratch", "COPY a /a", tag="app")
    freed = site.engine.upkeep().prune(Policy())
    assert [name for kind, name, _ in freed.items if kind == "image"] == [first]
    assert first[7:] not in site.blobs()
    assert second[7:] in site.blobs()
    assert freed.size > 0


def test_with_all_only_images_stay_and_the_next_build_is_cold(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")
    site.engine.upkeep().prune(Policy(everything=True))
    assert site.snapshots() == set()
    assert site.build(*TWO, tag="app") == (digest, 2)


def test_what_was_used_since_stays(site: Site) -> None:
    site.write("a", "1")
    site.build(*TWO, tag="old")
    _age(site, 7200)
    site.write("a", "2")
    site.build(*TWO, tag="new")
    site.engine.upkeep().prune(Policy(before=time.time() - 3600))
    assert site.build(*TWO, "CMD x")[1] == 0
    site.write("a", "1")
    assert site.build(*TWO, "CMD x")[1] == 1


def test_use_makes_young(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")
    _age(site, 7200)
    site.store.records.note_repeated(digest, time.time())
    site.engine.upkeep().prune(Policy(before=time.time() - 3600))
    assert site.build(*TWO, "CMD x")[1] == 0


def test_under_a_limit_the_least_recently_used_goes_first(site: Site) -> None:
    for number in range(4):
        site.write("a", f"{number}" * 200_000)
        site.build("FROM scratch AS build", "COPY a /a", "FROM scratch", "COPY Dockerfile /")
        _build_stage(site)
        _age_once(site, number)
    size = survey.survey(site.store).size
    site.engine.upkeep().prune(Policy(most_bytes=size - 300_000))
    assert survey.survey(site.store).size <= size - 300_000
    ran = []
    for number in range(4):
        site.write("a", f"{number}" * 200_000)
        ran.append(_build_stage(site))
    assert ran == [1, 1, 0, 0]


def _build_stage(site: Site) -> int:
    return site.build("FROM scratch", "COPY a /a", "CMD x", tag="last")[1]


def _age_once(site: Site, number: int) -> None:
    """The results so far are as old as their order says; none is an image's but the last."""
    with site.store.records.transaction() as connection:
        connection.execute(
            "UPDATE records SET created = ? WHERE created > 1000", (float(number + 1),)
        )
        connection.execute("DELETE FROM uses")
    site.engine.remove_images(["last"], force=True)
    for image in site.engine.images():
        site.engine.remove_images([image.digest], force=True)


def test_a_limit_above_the_size_removes_nothing(site: Site) -> None:
    site.write("a", "1")
    site.build(*TWO, tag="app")
    before = site.blobs()
    assert site.engine.upkeep().bound(10**12) is None
    site.engine.upkeep().prune(Policy(most_bytes=10**12))
    assert site.blobs() == before


def test_a_limit_of_nothing_leaves_named_images_whole(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")
    site.engine.upkeep().bound(1)
    seen = survey.survey(site.store)
    (image,) = (root for root in seen.roots if root.kind == "image")
    assert image.blobs == set(seen.blobs)
    assert site.build(*TWO, tag="app")[0] == digest


def test_garbage_that_nobody_names_goes(site: Site) -> None:
    site.write("a", "1")
    site.build("FROM scratch", "COPY a /a", tag="app")
    orphan = site.store.blobs.put(b"orphan", "text/plain")
    (site.root / "snapshots" / ("0" * 64)).mkdir()
    site.engine.upkeep().prune(Policy(before=time.time() - 3600))
    assert orphan.digest.hex in site.blobs()
    site.engine.upkeep().prune(Policy())
    assert orphan.digest.hex not in site.blobs()
    assert "0" * 64 not in site.snapshots()


def test_a_store_that_others_use_is_left_alone(site: Site) -> None:
    site.write("a", "1")
    site.build(*TWO)
    before = site.blobs()
    with Store.open(site.root, clock=time.time):
        with pytest.raises(StoreInUse):
            site.engine.upkeep().prune(Policy(everything=True))
        assert site.engine.upkeep().bound(1) is None
    assert site.blobs() == before
    site.engine.upkeep().prune(Policy(everything=True))
    assert site.blobs() != before


def test_a_kill_after_the_names_are_gone_leaves_only_garbage(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("lithify.cache.gc._sweep", die)
        site.engine.upkeep().prune(Policy(everything=True))
    assert site.build(*TWO, tag="app") == (digest, 2)
    assert not (site.store.tmp_dir() / "trash").exists()


# -- damage ---------------------------------------------------------------------------------------


def _damage(site: Site, name: str) -> None:
    path = site.root / "blobs" / "sha256" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_a_damaged_layer_is_found_and_the_next_build_makes_it_again(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")
    (record,) = (one for name, one in site.store.records.records() if "--from" in name)
    _damage(site, record.layer.diff_id.hex)
    freed = site.engine.upkeep().prune(Policy(is_check=True))
    assert str(record.layer.diff_id) in freed.damaged
    # Not the short way, which needs no layer that is not in the image.
    assert site.build(*TWO, tag="app", pull="newer")[0] == digest
    assert record.layer.diff_id.hex in site.blobs()


def test_images_that_lost_content_are_named(site: Site) -> None:
    site.write("a", "1")
    site.build("FROM scratch", "COPY a /a", tag="app")
    (record,) = (record for _, record in site.store.records.records())
    _damage(site, record.layer.diff_id.hex)
    freed = site.engine.upkeep().prune(Policy(is_check=True))
    assert "image docker.io/library/app:latest" in freed.damaged


def test_a_damaged_database_is_cleared(site: Site) -> None:
    site.write("a", "1")
    digest, _ = site.build(*TWO, tag="app")
    site.store.records.close()
    path = site.root / "records.db"
    path.write_bytes(b"not a database" * 1000)
    for end in ("-wal", "-shm"):
        (site.root / f"records.db{end}").unlink(missing_ok=True)
    freed = site.engine.upkeep().prune(Policy(is_check=True))
    assert freed.damaged == ["records.db"]
    assert site.build(*TWO, tag="app") == (digest, 2)


def test_checking_what_is_sound_finds_nothing(site: Site) -> None:
    site.write("a", "1")
    site.build(*TWO, tag="app")
    assert site.engine.upkeep().prune(Policy(is_check=True)).damaged == []
    assert BuildHistory(site.store.records).latest() != ()


# -- cache mounts ---------------------------------------------------------------------------------


def _mount(site: Site, name: str, age_s: float = 0.0) -> None:
    directory = site.store.root / "mounts" / name
    directory.mkdir()
    (directory / "file").write_text("x" * 5000)
    lock = directory.with_name(f"{name}.lock")
    lock.touch()
    os.utime(lock, (time.time() - age_s,) * 2)
    site.store.records.memo_put("cache mount", name, f"id of {name}")


def test_cache_mounts_are_pruned_apart(site: Site) -> None:
    _mount(site, "m")
    site.engine.upkeep().prune(Policy(everything=True))
    assert (site.root / "mounts" / "m" / "file").exists()
    freed = site.engine.upkeep().prune_mounts(None)
    assert [(kind, name) for kind, name, _ in freed.items] == [("cache mount", "id of m")]
    assert list((site.root / "mounts").iterdir()) == []
    assert site.store.records.memo_all("cache mount") == {}


def test_only_cache_mounts_not_used_since_go(site: Site) -> None:
    _mount(site, "old", 7200)
    _mount(site, "new")
    freed = site.engine.upkeep().prune_mounts(time.time() - 3600)
    assert [name for _, name, _ in freed.items] == ["id of old"]
    assert site.store.records.memo_all("cache mount") == {"new": "id of new"}
