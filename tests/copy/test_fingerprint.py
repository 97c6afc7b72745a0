"""A fingerprint changes whenever a file may have changed, and is only trusted when that must show."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from lithify.executor.fingerprint import fingerprint, is_settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Desk


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "f").write_text("X"),
        lambda root: (root / "f").chmod(0o600),
        lambda root: (root / "f").rename(root / "g"),
        lambda root: os.utime(root / "f", ns=(-5, -5)),
        lambda root: (root / "new").touch(),
        lambda root: os.replace(root / "twin", root / "f"),
    ],
    ids=range(6),
)
def test_every_change_shows(desk: Desk, change: Callable[[Path], object]) -> None:
    desk.write("d/f", "F")
    desk.write("d/twin", "F")
    before = fingerprint(desk.select("/d"))
    assert fingerprint(desk.select("/d")) == before
    change(desk.source / "d")
    assert fingerprint(desk.select("/d")) != before


def test_options_and_names_count(desk: Desk) -> None:
    desk.write("a")
    one = desk.select("/a")
    assert len({fingerprint(one), fingerprint(one, "chown"), fingerprint(desk.select("/a*"))}) == 2


@pytest.mark.parametrize(
    ("mtime_ns", "later_ns", "settled"),
    [
        (2**62 + 7, 60_000_000, True),
        (2**62 + 7, 10_000_000, False),
        (4 * 10**18, 1_000_000_000, False),
        (4 * 10**18, 2_100_000_000, True),
    ],
)
def test_only_old_changes_are_settled(
    desk: Desk, mtime_ns: int, later_ns: int, settled: bool
) -> None:
    file = desk.write("f")
    os.utime(file, ns=(mtime_ns, mtime_ns))
    assert is_settled(desk.select("/f"), file.stat().st_mtime_ns + later_ns) is settled


def test_a_file_written_just_now_is_not_settled(desk: Desk) -> None:
    before = time.time_ns()
    desk.write("d/f")
    assert not is_settled(desk.select("/d"), before)
    assert is_settled(desk.select("/none*"), before)
