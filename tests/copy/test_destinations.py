"""Where COPY puts things: directories, trailing slashes, links, merging (reference semantics, 3.4)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import InlineSource
from lithify.errors import BuildError

if TYPE_CHECKING:
    from conftest import Desk


def test_a_file_is_written_as_the_destination_and_missing_parents_are_made(desk: Desk) -> None:
    desk.write("a", "A")
    assert desk.copy("/a", "/x/y/z") == {
        "x": "dir 755 0:0",
        "x/y": "dir 755 0:0",
        "x/y/z": "file 644 0:0 A",
    }


@pytest.mark.parametrize("destination", ["/d/", "/d/."])
def test_a_destination_that_ends_like_a_directory_is_one(desk: Desk, destination: str) -> None:
    desk.write("a", "A")
    assert desk.copy("/a", destination) == {"d": "dir 755 0:0", "d/a": "file 644 0:0 A"}


@pytest.mark.root
def test_an_existing_directory_takes_the_file_in_and_is_listed_unchanged(desk: Desk) -> None:
    desk.write("a", "A")
    directory = desk.base / "d"
    directory.mkdir()
    directory.chmod(0o1777)
    os.chown(directory, 33, 34)
    assert desk.copy("/a", "/d") == {"d": "dir 1777 33:34", "d/a": "file 644 0:0 A"}


def test_a_directory_gives_its_content_and_not_itself(desk: Desk) -> None:
    desk.write("d/a", "A")
    desk.write("d/s/b", "B")
    (desk.source / "d").chmod(0o700)
    assert desk.copy("/d", "/t") == {
        "t": "dir 755 0:0",
        "t/a": "file 644 0:0 A",
        "t/s": "dir 755 0:0",
        "t/s/b": "file 644 0:0 B",
    }


def test_a_root_destination_is_not_listed(desk: Desk) -> None:
    desk.write("a", "A")
    assert desk.copy("/", "/") == {"a": "file 644 0:0 A"}


@pytest.mark.root
def test_links_on_the_way_to_the_destination_are_followed_inside_the_root(desk: Desk) -> None:
    desk.write("a", "A")
    (desk.base / "real").mkdir()
    (desk.base / "abs").symlink_to("/real")
    (desk.base / "out").symlink_to("../../../../real")
    expected = {"real": "dir 755 0:0", "real/n": "dir 755 0:0", "real/n/a": "file 644 0:0 A"}
    assert desk.copy("/a", "/abs/n/a") == expected
    assert desk.copy("/a", "/out/n/") == expected


def test_a_link_that_is_the_destination_is_followed_even_if_it_dangles(desk: Desk) -> None:
    desk.write("a", "A")
    (desk.base / "l").symlink_to("/later")
    assert desk.copy("/a", "/l") == {"later": "file 644 0:0 A"}


@pytest.mark.root
def test_a_link_below_the_destination_is_replaced(desk: Desk) -> None:
    desk.write("d/f", "new")
    desk.have("keep", "old")
    (desk.base / "t").mkdir()
    (desk.base / "t/f").symlink_to("/keep")
    assert desk.copy("/d", "/t")["t/f"] == "file 644 0:0 new"
    assert desk.copy("/d/f", "/t/") == {"t": "dir 755 0:0", "t/f": "file 644 0:0 new"}


def test_a_loop_of_links_is_refused_by_name(desk: Desk) -> None:
    desk.write("a")
    (desk.base / "l").symlink_to("m")
    (desk.base / "m").symlink_to("l")
    with pytest.raises(BuildError, match="too many levels of symbolic links"):
        desk.copy("/a", "/l/x")


def test_a_destination_below_a_file_is_refused(desk: Desk) -> None:
    desk.write("f")
    desk.have("t")
    with pytest.raises(BuildError, match="mkdir /t: not a directory"):
        desk.copy("/f", "/t/")


def test_a_file_never_replaces_a_directory(desk: Desk) -> None:
    desk.write("d/n")
    (desk.base / "t/n").mkdir(parents=True)
    with pytest.raises(BuildError, match="cannot replace to directory /t/n with file"):
        desk.copy("/d", "/t/")
    with pytest.raises(BuildError, match="cannot replace to directory /t/n with file"):
        desk.copy("/d/n", "/t/")


def test_a_directory_never_replaces_a_file(desk: Desk) -> None:
    desk.write("d/s/f")
    desk.have("t")
    desk.have("u/s")
    with pytest.raises(BuildError, match="cannot copy to non-directory: /t"):
        desk.copy("/d", "/t")
    with pytest.raises(BuildError, match="cannot copy to non-directory: /u/s"):
        desk.copy("/d", "/u")


def test_later_sources_see_and_overwrite_what_earlier_ones_made(desk: Desk) -> None:
    desk.write("one/f", "1")
    desk.write("two/f", "2")
    assert desk.copy("/one/f", "/two/f", "/t/")["t/f"] == "file 644 0:0 2"
    desk.write("s/f/x")
    with pytest.raises(BuildError, match="cannot copy to non-directory: /t/f"):
        desk.copy("/one", "/s", "/t/")


def test_several_files_onto_one_name_leave_the_last(desk: Desk) -> None:
    desk.write("one", "1")
    desk.write("two", "2")
    assert desk.copy("/one", "/two", "/t") == {"t": "file 644 0:0 2"}


def test_heredocs_are_files_of_their_name(desk: Desk) -> None:
    script = InlineSource("run.sh", b"echo hi\n")
    assert desk.copy(script, "/bin/", chmod="0755") == {
        "bin": "dir 755 0:0",
        "bin/run.sh": "file 755 0:0 echo hi\n",
    }
    assert desk.copy(script, "/x") == {"x": "file 644 0:0 echo hi\n"}


def test_a_linked_copy_does_not_see_the_base(desk: Desk) -> None:
    desk.write("a", "A")
    (desk.base / "real").mkdir()
    (desk.base / "l").symlink_to("real")
    assert desk.copy("/a", "/l/a", link=True) == {"l": "dir 755 0:0", "l/a": "file 644 0:0 A"}


def test_a_name_that_would_delete_a_file_in_a_layer_is_refused(desk: Desk) -> None:
    desk.write("d/.wh.f")
    with pytest.raises(BuildError, match="mean deleted files"):
        desk.copy("/d", "/t")
