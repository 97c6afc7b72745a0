"""Whatever a build leaves can be removed, and nothing else is."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from lithify.cache.trees import remove_tree

if TYPE_CHECKING:
    from pathlib import Path


def test_missing_tree_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")


def test_directories_without_permissions_are_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "work" / "work").mkdir(parents=True)
    (tree / "work" / "work" / "file").write_text("x")
    for path in (tree / "work" / "work", tree / "work", tree):
        path.chmod(0)
    remove_tree(tree)
    assert not tree.exists()


def test_symlinks_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    (tree / "dangling").symlink_to("/nowhere")
    remove_tree(tree)
    assert not tree.exists()
    assert (outside / "kept").exists()


def test_symlink_in_place_of_the_tree_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "tree").symlink_to(outside)
    with pytest.raises(OSError, match="."):
        remove_tree(tmp_path / "tree")
    assert outside.exists()


def test_very_deep_tree_is_removed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    folder = os.open(tree, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    remove_tree(tree)
    assert not tree.exists()


@pytest.mark.root
def test_tree_with_a_mount_in_it_is_left_alone(tmp_path: Path) -> None:
    source = tmp_path / "precious data"
    source.mkdir()
    (source / "kept").write_text("x")
    target = tmp_path / "tree dir" / "mount"
    target.mkdir(parents=True)
    subprocess.run(["mount", "--bind", source, target], check=True)
    try:
        with pytest.raises(OSError, match="mounted"):
            remove_tree(tmp_path / "tree dir")
        assert (source / "kept").exists()
    finally:
        subprocess.run(["umount", target], check=True)
    remove_tree(tmp_path / "tree dir")
    assert (source / "kept").exists()
