"""Cache mounts: which directory a step gets, and who shares it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import CacheMount
from lithify.executor.ops.cache_mounts import CacheArea, cache_name, discard_cache, opened_cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def area(tmp_path: Path) -> CacheArea:
    made = CacheArea(tmp_path / "mounts", tmp_path / "tmp")
    made.mounts.mkdir()
    made.tmp.mkdir()
    return made


def mount(sharing: str = "shared", mode: int = 0o755) -> CacheMount:
    return CacheMount("/c", "id", sharing, uid=os.getuid(), gid=os.getgid(), mode=mode)


def test_the_name_depends_on_everything_that_makes_another_cache() -> None:
    base = CacheMount("/c", "id")
    names = [
        cache_name(base, ""),
        cache_name(base, "content"),
        cache_name(CacheMount("/c", "other"), ""),
        cache_name(CacheMount("/c", "id", uid=1), ""),
        cache_name(CacheMount("/c", "id", gid=1), ""),
        cache_name(CacheMount("/c", "id", mode=0o700), ""),
    ]
    assert len(set(names)) == len(names)
    assert cache_name(CacheMount("/elsewhere", "id", "locked"), "") == names[0]


def test_a_new_cache_has_the_mode_asked_for_and_keeps_its_content(area: CacheArea) -> None:
    with opened_cache(area, "n", mount(mode=0o710), None) as directory:
        assert directory.stat().st_mode & 0o7777 == 0o710
        (directory / "f").write_text("x")
    with opened_cache(area, "n", mount(), None) as directory:
        assert (directory / "f").read_text() == "x"
        assert directory.stat().st_mode & 0o7777 == 0o710


def test_the_first_content_is_filled_once(area: CacheArea) -> None:
    def fill(directory: Path) -> None:
        (directory / "first").touch()

    with opened_cache(area, "n", mount(), fill) as directory:
        (directory / "first").unlink()
    with opened_cache(area, "n", mount(), fill) as directory:
        assert not (directory / "first").exists()


def test_a_cache_that_could_not_be_filled_does_not_exist(area: CacheArea) -> None:
    def fill(directory: Path) -> None:
        (directory / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), opened_cache(area, "n", mount(), fill):
        pass
    with opened_cache(area, "n", mount(), None) as directory:
        assert list(directory.iterdir()) == []


def test_private_caches_are_not_shared_and_idle_ones_are_used_again(area: CacheArea) -> None:
    with (
        opened_cache(area, "n", mount("private"), None) as first,
        opened_cache(area, "n", mount("private"), None) as second,
    ):
        assert first != second
    with opened_cache(area, "n", mount("private"), None) as again:
        assert again == first


def test_a_locked_cache_makes_others_wait(area: CacheArea) -> None:
    entered = threading.Event()
    order: list[str] = []

    def other() -> None:
        entered.set()
        with opened_cache(area, "n", mount("locked"), None):
            order.append("other")

    with opened_cache(area, "n", mount("locked"), None):
        thread = threading.Thread(target=other)
        thread.start()
        assert entered.wait(30)
        thread.join(0.05)
        order.append("first")
    thread.join(30)
    assert order == ["first", "other"]


def test_a_discarded_cache_starts_empty_in_all_its_instances(area: CacheArea) -> None:
    with (
        opened_cache(area, "n", mount("private"), None) as first,
        opened_cache(area, "n", mount("private"), None) as second,
    ):
        (first / "f").touch()
        (second / "f").touch()
    discard_cache(area.mounts, "n")
    assert not first.exists()
    assert not second.exists()
