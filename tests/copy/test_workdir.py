"""WORKDIR makes what is missing and touches nothing else (reference semantics, 3.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import WorkdirOp
from lithify.errors import BuildError
from lithify.executor.ops.workdir import workdir_entries
from lithify.executor.tree import EmptyTree

if TYPE_CHECKING:
    from conftest import Desk

    from lithify.executor.entries import Entry


def _owners(entries: list[Entry]) -> dict[str, tuple[int, int, int]]:
    return {entry.path: (entry.mode, entry.uid, entry.gid) for entry in entries}


def test_missing_directories_belong_to_the_user_and_existing_ones_stay(desk: Desk) -> None:
    (desk.base / "a").mkdir()
    (desk.base / "a").chmod(0o700)
    stat = (desk.base / "a").stat()
    made = workdir_entries(WorkdirOp("/a/b/c", "33:34"), desk.view(desk.base))
    assert _owners(made) == {
        "a": (0o700, stat.st_uid, stat.st_gid),
        "a/b": (0o755, 33, 34),
        "a/b/c": (0o755, 33, 34),
    }
    assert {entry.mtime for entry in made} == {None}


def test_a_number_alone_is_the_group_as_well() -> None:
    assert _owners(workdir_entries(WorkdirOp("/w", "7"), EmptyTree())) == {"w": (0o755, 7, 7)}


def test_what_exists_makes_an_empty_layer(desk: Desk) -> None:
    (desk.base / "real").mkdir()
    (desk.base / "l").symlink_to("/real")
    assert workdir_entries(WorkdirOp("/l"), desk.view(desk.base)) == []
    assert workdir_entries(WorkdirOp("/"), EmptyTree()) == []


def test_links_are_followed_inside_the_root(desk: Desk) -> None:
    (desk.base / "l").symlink_to("../../later")
    made = workdir_entries(WorkdirOp("/l/x"), desk.view(desk.base))
    assert list(_owners(made)) == ["later", "later/x"]


def test_a_file_in_the_way_is_named(desk: Desk) -> None:
    desk.have("f")
    with pytest.raises(BuildError, match="mkdir /f: not a directory"):
        workdir_entries(WorkdirOp("/f/x"), desk.view(desk.base))
