"""When two selections are one: the content digest that keys of COPY are made of (5.5)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor.filehash import MemoryFileDigests, selection_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Desk


def _tree(desk: Desk) -> Path:
    desk.write("d/f", "F")
    desk.write("d/g", "G")
    desk.write("d/s/h", "H")
    (desk.source / "d/l").symlink_to("f")
    return desk.source / "d"


def _relink(root: Path) -> None:
    (root / "l").unlink()
    (root / "l").symlink_to("g")


def _touch(root: Path) -> None:
    os.utime(root / "f", (1, 1))
    os.utime(root / "s", (1, 1))


def _to_link(root: Path) -> None:
    (root / "g").unlink()
    (root / "g").symlink_to("G")


def _hard_link(root: Path) -> None:
    (root / "g").write_text("F")
    before = (root / "g").stat().st_mode
    (root / "g").unlink()
    os.link(root / "f", root / "g")
    assert before == (root / "g").stat().st_mode


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (_touch, False),
        (lambda root: root.chmod(0o700), False),
        (
            lambda root: (
                os.rename(root, root.with_name("d2")) or os.rename(root.with_name("d2"), root)
            ),
            False,
        ),
        (lambda root: (root / "f").write_text("X"), True),
        (lambda root: (root / "f").chmod(0o600), True),
        (lambda root: (root / "s").chmod(0o700), True),
        (lambda root: (root / "f").rename(root / "e"), True),
        (lambda root: (root / "new").mkdir(), True),
        (lambda root: (root / "s/h").unlink(), True),
        (_relink, True),
        (_to_link, True),
        (_hard_link, True),
    ],
    ids=range(12),
)
def test_exactly_what_a_layer_shows_counts(
    desk: Desk, change: Callable[[Path], object], matters: bool
) -> None:
    root = _tree(desk)
    before = desk.digest("/d")
    change(root)
    assert (desk.digest("/d") != before) is matters


def test_files_beside_the_selected_ones_do_not_count(desk: Desk) -> None:
    _tree(desk)
    before = desk.digest("/d"), desk.digest("/d/[fg]")
    desk.write("other", "O")
    desk.write("d/s/i", "I")
    assert desk.digest("/d/[fg]") == before[1]
    assert desk.digest("/d") != before[0]


def test_names_of_matches_count_only_when_asked(desk: Desk) -> None:
    desk.write("a", "same")
    desk.write("b", "same")
    assert desk.digest("/a") != desk.digest("/b")
    assert desk.digest("/a", names_matter=False) == desk.digest("/b", names_matter=False)


def test_modes_can_be_left_out(desk: Desk) -> None:
    _tree(desk)
    before = desk.digest("/d", modes_matter=False)
    (desk.source / "d/f").chmod(0o700)
    assert desk.digest("/d", modes_matter=False) == before


@pytest.mark.root
def test_owners_of_a_stage_count_unless_left_out(desk: Desk) -> None:
    from lithify.executor.selection import select

    file = desk.write("f", "F")

    def digest(owners_matter: bool) -> str:
        selection = select(desk.view(desk.source), "/f")
        return selection_digest(selection, MemoryFileDigests(), owners_matter=owners_matter)

    before = digest(True), digest(False)
    os.chown(file, 5, 6)
    assert digest(True) != before[0]
    assert digest(False) == before[1]


@pytest.mark.root
def test_attributes_count(desk: Desk) -> None:
    file = desk.write("f", "F")
    before = desk.digest("/f")
    os.setxattr(file, "user.note", b"n")
    assert desk.digest("/f") != before


def test_every_file_is_read_once_for_one_memory(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tree(desk)
    digests = MemoryFileDigests()
    first = selection_digest(desk.select("/d"), digests)
    again = desk.select("/d")

    def refuse(path: str) -> int:
        raise AssertionError(f"{path} was read again")

    monkeypatch.setattr(again.tree, "open", refuse)
    assert selection_digest(again, digests) == first


def test_large_files_on_threads_are_hashed_like_small_ones(desk: Desk) -> None:
    for number in range(4):
        desk.write(f"d/{number}", str(number) * (1 << 20))
    desk.write("d/small", "s")
    whole = desk.digest("/d")
    digests = MemoryFileDigests()
    for name in ("0", "1", "2", "3", "small"):
        selection_digest(desk.select(f"/d/{name}"), digests)
    assert selection_digest(desk.select("/d"), digests) == whole


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_file_that_changed_since_it_was_listed_is_refused(desk: Desk, size: int) -> None:
    for number in range(4):
        desk.write(f"d/{number}", "x" * size)
    selection = desk.select("/d")
    (desk.source / "d/2").write_text("changed")
    with pytest.raises(BuildError, match='"/d/2" changed while it was being read'):
        selection_digest(selection, MemoryFileDigests())
