"""What of a context directory is visible (reference semantics, 8)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError, LithifyError
from lithify.executor.context import open_context

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk


def test_ignored_files_are_not_there(desk: Desk) -> None:
    desk.write(".dockerignore", "*.log\nnode_modules\n")
    for name in ("a", "a.log", "node_modules/x", "s/b.log"):
        desk.write(name)
    assert sorted(desk.copy("/", "/")) == [".dockerignore", "a", "s", "s/b.log"]


def test_a_negation_brings_a_file_back_with_its_directories(desk: Desk) -> None:
    desk.write(".dockerignore", "*\n!s/t/keep\n")
    for name in ("a", "s/drop", "s/t/keep", "s/t/drop", "u/v/w"):
        desk.write(name)
    assert sorted(desk.copy("/", "/")) == ["s", "s/t", "s/t/keep"]
    assert sorted(desk.copy("/s/t/keep", "/k")) == ["k"]
    with pytest.raises(BuildError, match="not found"):
        desk.copy("/u/v", "/k")


def test_a_directory_whose_files_are_all_ignored_stays(desk: Desk) -> None:
    desk.write(".dockerignore", "d/*\n")
    desk.write("d/a")
    assert desk.copy("/d", "/t") == {"t": "dir 755 0:0"}


def test_a_link_is_ignored_by_its_own_name_and_its_target_by_its_own(desk: Desk) -> None:
    desk.write(".dockerignore", "l\nhidden\n")
    desk.write("real", "r")
    desk.write("hidden", "h")
    (desk.source / "l").symlink_to("real")
    (desk.source / "m").symlink_to("hidden")
    for name in ("/l", "/m"):
        with pytest.raises(BuildError, match="not found"):
            desk.copy(name, "/x")


def test_the_ignore_file_of_a_dockerfile_replaces_the_context_s(desk: Desk, tmp_path: Path) -> None:
    desk.write(".dockerignore", "a\n")
    desk.write("a")
    desk.write("b")
    dockerfile = tmp_path / "elsewhere.Dockerfile"
    dockerfile.with_name("elsewhere.Dockerfile.dockerignore").write_text("b\n")
    with desk.context(dockerfile) as context:
        assert [name for name, _ in context.scan("")] == [".dockerignore", "a"]
    with desk.context(tmp_path / "other") as context:
        assert [name for name, _ in context.scan("")] == [".dockerignore", "b"]


def test_a_bad_pattern_names_the_file_and_line(desk: Desk) -> None:
    desk.write(".dockerignore", "a\n!\n")
    with pytest.raises(LithifyError, match=r"\.dockerignore:2.*illegal exclusion pattern"):
        desk.context()


def test_what_is_no_directory_is_no_context(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot use .* as context"):
        open_context(tmp_path / "none")


def test_a_file_that_changes_after_it_was_listed_is_refused(desk: Desk) -> None:
    file = desk.write("d/f", "before")
    selection = desk.select("/d")
    stat = next(node.stat for node in selection.matches[0].nodes if node.path == "f")
    file.write_text("after!")
    with pytest.raises(BuildError, match='"/d/f" changed while it was being read'):
        selection.tree.content("d/f", stat).copy_to(lambda _: None)


def test_a_file_swapped_for_a_link_is_refused(desk: Desk, tmp_path: Path) -> None:
    file = desk.write("d/f", "before")
    selection = desk.select("/d")
    stat = next(node.stat for node in selection.matches[0].nodes if node.path == "f")
    file.unlink()
    (tmp_path / "secret").write_text("before")
    file.symlink_to(tmp_path / "secret")
    with pytest.raises(BuildError, match='"/d/f"'):
        selection.tree.content("d/f", stat).copy_to(lambda _: None)


def test_names_that_are_no_text_survive(desk: Desk) -> None:
    desk.write("d/a")
    with open(os.fsencode(desk.source / "d") + b"/\xff\xfe", "wb"):
        pass
    assert "t/\udcff\udcfe" in desk.copy("/d", "/t")
    assert desk.digest("/d")
