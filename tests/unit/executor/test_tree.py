"""A tree is never left, whatever its links and names say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor.tree import TreeView, clean, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def view(tmp_path: Path) -> Iterator[TreeView]:
    root = tmp_path / "root"
    (root / "d/e").mkdir(parents=True)
    (root / "d/f").write_text("F")
    (root / "out").symlink_to(tmp_path)
    (root / "up").symlink_to("../..")
    (root / "in").symlink_to("/d/e")
    (root / "self").symlink_to("self")
    (tmp_path / "secret").write_text("S")
    fd = os.open(root, os.O_RDONLY)
    yield TreeView(fd)
    os.close(fd)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("/", ""), ("", ""), ("/a//b/./c/", "a/b/c"), ("../../a", "a"), ("a/../../b", "b")],
)
def test_a_written_path_is_cleaned_inside_the_root(written: str, meant: str) -> None:
    assert clean(written) == meant


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("in", "d/e"),
        ("in/../f", "d/f"),
        ("up/up/d", "d"),
        ("missing/../d", "d"),
        ("in/new/x", "d/e/new/x"),
        ("../in/..", "d"),
    ],
)
def test_links_are_followed_inside_the_root(view: TreeView, path: str, real: str) -> None:
    assert resolve(path, view.readlink) == real


def test_the_last_link_can_be_left_alone(view: TreeView) -> None:
    assert resolve("up/in", view.readlink, follow_last=False) == "in"


def test_a_loop_ends(view: TreeView) -> None:
    with pytest.raises(BuildError, match="too many levels"):
        resolve("self", view.readlink)


@pytest.mark.parametrize("path", ["out/secret", "up/secret", "../secret", "out/root/d"])
def test_no_access_goes_through_a_link_or_above_the_root(view: TreeView, path: str) -> None:
    with pytest.raises(BuildError, match="cannot read"):
        view.open(path)
    with pytest.raises(BuildError, match="cannot read"):
        view.scan(path)


def test_what_is_missing_or_below_a_file_is_nothing(view: TreeView) -> None:
    assert view.lstat("none") is view.lstat("d/f/x") is view.lstat("out/secret") is None
    assert view.readlink("none") is view.readlink("d") is view.readlink("d/f") is None


def test_children_come_in_the_order_of_their_bytes(view: TreeView, tmp_path: Path) -> None:
    for name in (b"\xff", b"\xc3\xa9", b"z", b"B"):
        (tmp_path / "root/d/e" / os.fsdecode(name)).touch()
    names = [os.fsencode(name) for name, _ in view.scan("d/e")]
    assert names == [b"B", b"z", b"\xc3\xa9", b"\xff"]
