"""Digests are remembered between builds only for files that were at rest, and damage costs only time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.executor.filehash import FileDigest
from lithify.executor.statindex import StatIndex
from lithify.executor.tree import Stat

if TYPE_CHECKING:
    from pathlib import Path

NOW_NS = 1_700_000_000_000_000_000
OLD_NS = NOW_NS - 10**12 + 7
DIGEST = FileDigest(bytes(range(32)))


def stat_of(**changed: int) -> Stat:
    fields = {
        "mode": 0o100644,
        "uid": 0,
        "gid": 0,
        "size": 3,
        "mtime_ns": OLD_NS,
        "ctime_ns": OLD_NS,
        "dev": 1,
        "ino": 2,
        "nlink": 1,
        "rdev": 0,
    }
    return Stat(**{**fields, **changed})


@pytest.fixture
def area(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path


def open_index(area: Path) -> StatIndex:
    return StatIndex(area / "index" / "one", area / "tmp", opened_ns=NOW_NS)


def remembered(area: Path, stat: Stat, digest: FileDigest = DIGEST) -> FileDigest | None:
    index = open_index(area)
    index.put(stat, digest)
    index.save()
    return open_index(area).get(stat)


def test_a_file_at_rest_is_known_to_the_next_build(area: Path) -> None:
    assert remembered(area, stat_of()) == DIGEST


def test_a_time_before_1970_is_kept_apart(area: Path) -> None:
    assert remembered(area, stat_of(mtime_ns=-5)) == DIGEST
    assert open_index(area).get(stat_of(mtime_ns=5)) is None


@pytest.mark.parametrize("field", ["size", "mtime_ns", "ctime_ns", "dev", "ino"])
def test_any_change_of_identity_makes_it_another_file(area: Path, field: str) -> None:
    assert remembered(area, stat_of()) == DIGEST
    assert open_index(area).get(stat_of(**{field: 4})) is None


@pytest.mark.parametrize("field", ["mtime_ns", "ctime_ns"])
def test_a_file_written_just_now_is_not_remembered(area: Path, field: str) -> None:
    assert remembered(area, stat_of(**{field: NOW_NS - 1_000_001})) is None


def test_a_coarse_time_needs_longer_rest(area: Path) -> None:
    whole_second = NOW_NS - 10**9
    assert remembered(area, stat_of(mtime_ns=whole_second, ctime_ns=whole_second)) is None


def test_a_file_with_attributes_is_not_remembered(area: Path) -> None:
    digest = FileDigest(DIGEST.content, (("user.x", b"1"),))
    assert remembered(area, stat_of(), digest) is None


def test_earlier_files_stay_known(area: Path) -> None:
    remembered(area, stat_of(ino=1))
    remembered(area, stat_of(ino=2))
    assert open_index(area).get(stat_of(ino=1)) == DIGEST


def test_what_is_no_longer_used_is_forgotten_in_time(area: Path) -> None:
    index = open_index(area)
    for number in range(1500):
        index.put(stat_of(ino=number), DIGEST)
    index.save()
    remembered(area, stat_of(ino=2000))
    assert open_index(area).get(stat_of(ino=3)) is None
    assert open_index(area).get(stat_of(ino=2000)) == DIGEST


@pytest.mark.parametrize("damage", [b"", b"x", b"lithify stat index 1\n", b"\0" * 200])
def test_a_damaged_index_is_as_good_as_none(area: Path, damage: bytes) -> None:
    remembered(area, stat_of())
    (area / "index" / "one").write_bytes(damage)
    assert open_index(area).get(stat_of()) is None


def test_a_flipped_bit_is_noticed(area: Path) -> None:
    remembered(area, stat_of())
    data = bytearray((area / "index" / "one").read_bytes())
    data[-1] ^= 1
    (area / "index" / "one").write_bytes(data)
    assert open_index(area).get(stat_of()) is None


def test_nothing_learned_writes_nothing(area: Path) -> None:
    open_index(area).save()
    assert not (area / "index").exists()
    assert list((area / "tmp").iterdir()) == []
