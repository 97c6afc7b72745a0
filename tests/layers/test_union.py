"""Unions of many layers, and both ways to mount them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.snapshot import overlay
from lithify.executor.syscalls import openat2

if TYPE_CHECKING:
    from pathlib import Path

    from tests.layers.conftest import Workshop

pytestmark = pytest.mark.root


def _file(path: str, text: str) -> Entry:
    return Entry(path, Kind.FILE, content=Bytes(text.encode()))


def test_a_deep_chain_is_flattened_and_looks_the_same(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [workshop.layer(Entry("d", Kind.DIRECTORY, 0o755), _file("d/base", "b"))]
    for number in range(1, 99):
        entries = [
            Entry("d", Kind.DIRECTORY, 0o700 + number % 8),
            _file(f"d/{number}", str(number)),
        ]
        if number > 3:
            entries.append(Entry(f"d/{number - 2}", Kind.WHITEOUT))
        if number == 40:
            entries = [Entry("d", Kind.DIRECTORY), Entry("d", Kind.OPAQUE), _file("d/fresh", "f")]
        if number == 50:
            entries = [_file("d", "a file"), Entry("", Kind.DIRECTORY, 0o711)]
        if number == 51:
            entries = [
                Entry("d", Kind.DIRECTORY, 0o755),
                Entry("d", Kind.OPAQUE),
                _file("d/x", "x"),
            ]
        layers.append(workshop.layer(*entries))
    assert len(workshop.snapshots.directories(layers)) < 40
    flat = workshop.look(layers)
    monkeypatch.setattr("lithify.executor.snapshot.snapshots.MOST_LOWERS", 400)
    assert len(workshop.snapshots.directories(layers)) == 99
    deep = workshop.look(layers)
    assert flat == deep


def test_a_layer_that_occurs_twice_counts_where_it_is_topmost(workshop: Workshop) -> None:
    one = workshop.layer(_file("f", "1"))
    gone = workshop.layer(Entry("f", Kind.WHITEOUT))
    assert "/f" not in workshop.look([one, gone])
    assert workshop.look([one, gone, one])["/f"][-1] == b"1"


def test_both_ways_of_mounting_agree(tmp_path: Path) -> None:
    for name in ("top", "bottom", "u1", "w1", "u2", "w2"):
        (tmp_path / name).mkdir()
    (tmp_path / "top" / "a").write_text("top")
    (tmp_path / "bottom" / "a").write_text("bottom")
    (tmp_path / "bottom" / "b").write_text("b")
    lowers = [tmp_path / "top", tmp_path / "bottom"]
    with open("/proc/self/mountinfo") as file:
        before = file.read()
    for fd, upper in (
        (overlay.mount_overlay(lowers, upper=tmp_path / "u1", work=tmp_path / "w1"), "u1"),
        (overlay.mount_by_string(lowers, tmp_path / "u2", tmp_path / "w2"), "u2"),
    ):
        root = openat2(fd, ".", os.O_RDONLY | os.O_DIRECTORY)
        assert sorted(os.listdir(root)) == ["a", "b"]
        os.unlink("b", dir_fd=root)
        os.mkdir("new", dir_fd=root)
        os.close(root)
        os.close(fd)
        assert sorted(os.listdir(tmp_path / upper)) == ["b", "new"]
    for fd in (overlay.mount_overlay(lowers), overlay.mount_by_string(lowers, None, None)):
        root = openat2(fd, ".", os.O_RDONLY | os.O_DIRECTORY)
        with pytest.raises(OSError, match="Read-only"):
            os.mkdir("new", dir_fd=root)
        os.close(root)
        os.close(fd)
    with open("/proc/self/mountinfo") as file:
        assert file.read() == before


def test_scratch_is_an_empty_directory(workshop: Workshop) -> None:
    assert list(workshop.look([])) == ["/"]
