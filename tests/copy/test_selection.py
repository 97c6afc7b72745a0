"""Which files a source means: names, links, patterns, --exclude and --parents (3.3, 3.4)."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor import tree

if TYPE_CHECKING:
    from conftest import Desk


def test_a_missing_source_is_named_as_the_reference_names_it(desk: Desk) -> None:
    with pytest.raises(BuildError, match='"/no/file": not found'):
        desk.copy("/no/file", "/x")


def test_a_source_hidden_by_the_ignore_file_says_so(desk: Desk) -> None:
    desk.write("secret/key")
    desk.write(".dockerignore", "secret\n")
    with pytest.raises(BuildError, match='"/secret/key": not found') as caught:
        desk.copy("/secret/key", "/x")
    assert ".dockerignore excludes it" in caught.value.hint


def test_a_source_never_leaves_its_tree(desk: Desk) -> None:
    desk.write("passwd", "inside")
    (desk.source / "l").symlink_to("../../../../../passwd")
    (desk.source / "host").symlink_to("/etc")
    assert desk.copy("/l", "/x") == {"x": "file 644 0:0 inside"}
    with pytest.raises(BuildError, match="not found"):
        desk.copy("/host/passwd", "/x")


def test_named_links_are_followed_through_chains_and_directories(desk: Desk) -> None:
    desk.write("e/d", "D")
    (desk.source / "a").symlink_to("b")
    (desk.source / "b").symlink_to("c/d")
    (desk.source / "c").symlink_to("/e")
    assert desk.copy("/a", "/out") == {"out": "file 644 0:0 D"}
    assert desk.copy("/a", "/dir/")["dir/a"] == "file 644 0:0 D"
    assert desk.copy("/c", "/t")["t/d"] == "file 644 0:0 D"


def test_patterns_match_names_of_one_level_dotfiles_too(desk: Desk) -> None:
    desk.write("d/.hidden", "h")
    desk.write("d/shown", "s")
    desk.write("d/sub/deep", "x")
    assert desk.copy("/d/*", "/t/") == {
        "t": "dir 755 0:0",
        "t/.hidden": "file 644 0:0 h",
        "t/deep": "file 644 0:0 x",
        "t/shown": "file 644 0:0 s",
    }


def test_a_pattern_in_a_directory_part_matches_like_the_rest(desk: Desk) -> None:
    for name in ("v1/a.cfg", "v2/b.cfg", "v10/c.cfg", "v1/other.txt"):
        desk.write(name, name)
    found = desk.copy("/v?/*.cfg", "/t/")
    assert sorted(found) == ["t", "t/a.cfg", "t/b.cfg"]


def test_a_double_star_without_parents_is_a_single_one(desk: Desk) -> None:
    desk.write("src/x.txt", "0")
    desk.write("src/p/x.txt", "1")
    desk.write("src/p/q/x.txt", "2")
    assert desk.copy("/src/**/x.txt", "/out/")["out/x.txt"] == "file 644 0:0 1"


def test_a_pattern_that_matches_nothing_copies_nothing(desk: Desk) -> None:
    desk.write("must", "m")
    assert desk.copy("/may*", "/d/") == {}
    assert sorted(desk.copy("/must", "/may*", "/none/at*", "/d/")) == ["d", "d/must"]


def test_a_matched_link_is_followed_and_keeps_its_own_name(desk: Desk) -> None:
    desk.write("real", "r")
    (desk.source / "link.txt").symlink_to("real")
    assert desk.copy("/*.txt", "/t/")["t/link.txt"] == "file 644 0:0 r"


def test_exclude_is_relative_to_the_source(desk: Desk) -> None:
    for name in ("d/keep.txt", "d/drop.txt", "d/s/drop.txt", "d/o/x.o"):
        desk.write(name)
    assert sorted(desk.copy("/d", "/t", exclude=("*.txt", "!keep.txt"))) == [
        "t",
        "t/keep.txt",
        "t/o",
        "t/o/x.o",
        "t/s",
        "t/s/drop.txt",
    ]
    assert sorted(desk.copy("/d", "/t", exclude=("s", "**/*.o"))) == [
        "t",
        "t/drop.txt",
        "t/keep.txt",
        "t/o",
    ]


def test_excluding_everything_leaves_the_directory(desk: Desk) -> None:
    desk.write("d/a")
    assert desk.copy("/d", "/t", exclude=("*",)) == {"t": "dir 755 0:0"}


def test_an_excluded_directory_comes_back_for_what_is_wanted_in_it(desk: Desk) -> None:
    desk.write("d/s/t/keep", "k")
    desk.write("d/s/drop")
    found = desk.copy("/d", "/x", exclude=("s", "!s/t/keep"))
    assert sorted(found) == ["x", "x/s", "x/s/t", "x/s/t/keep"]


def test_a_file_named_itself_is_never_excluded(desk: Desk) -> None:
    desk.write("a.txt", "A")
    assert desk.copy("/a.txt", "/t/", exclude=("*.txt",))["t/a.txt"] == "file 644 0:0 A"


def test_parents_rebuilds_the_path_with_the_modes_of_the_source(desk: Desk) -> None:
    desk.write("a/b/f", "F")
    desk.write("a/b/g", "G")
    (desk.source / "a").chmod(0o700)
    (desk.source / "a/b").chmod(0o711)
    assert desk.copy("/a/b/f", "/out/", parents=True) == {
        "out": "dir 755 0:0",
        "out/a": "dir 700 0:0",
        "out/a/b": "dir 711 0:0",
        "out/a/b/f": "file 644 0:0 F",
    }


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/test/a/b/./c/d", ["c", "c/d", "c/d/e", "c/d/e/x", "c/d/foo"]),
        (
            "/test/a/./*/c",
            ["b", "b/c", "b/c/d", "b/c/d/e", "b/c/d/e/x", "b/c/d/foo", "b2", "b2/c", "b2/c/y"],
        ),
        ("/test/a/b*/./**/e", ["c", "c/d", "c/d/e", "c/d/e/x"]),
        ("/test/a/./b/./c", ["b", "b/c", "b/c/d", "b/c/d/e", "b/c/d/e/x", "b/c/d/foo"]),
    ],
)
def test_the_first_pivot_splits_the_path(desk: Desk, source: str, expected: list[str]) -> None:
    for name in ("b/c/d/e/x", "b/c/d/foo", "b2/c/y"):
        desk.write(f"test/a/{name}")
    found = sorted(desk.copy(source, "/out/", parents=True))
    assert found == ["out", *(f"out/{path}" for path in expected)]


def test_parents_needs_a_path_without_wildcards_to_exist(desk: Desk) -> None:
    desk.write("a/f")
    with pytest.raises(BuildError, match='"/a/none": not found'):
        desk.copy("/a/none", "/out/", parents=True)
    assert desk.copy("/a/*.none", "/out/", parents=True) == {"out": "dir 755 0:0"}
    assert desk.copy("/none/./*.c", "/out/", parents=True) == {}


def test_parents_and_exclude_work_together(desk: Desk) -> None:
    desk.write("src/a/skip.me")
    desk.write("src/a/take.me")
    found = desk.copy("/src", "/out/", parents=True, exclude=("**/skip.*",))
    assert sorted(found) == ["out", "out/src", "out/src/a", "out/src/a/take.me"]


def test_a_very_deep_tree_is_walked_without_recursion(desk: Desk) -> None:
    path = desk.source / "d"
    path.mkdir()
    fd = os.open(path, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("x", dir_fd=fd)
        below = os.open("x", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    try:
        assert len(desk.copy("/d", "/t")) == 1501
    finally:
        # The test framework's own cleaning recurses and would not come to an end.
        subprocess.run(["rm", "-rf", path], check=True)


def test_an_unreadable_directory_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("d/f")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    context = desk.context()
    monkeypatch.setattr(tree.syscalls, "openat2", refuse)
    with pytest.raises(BuildError, match='cannot read "/d": Permission denied') as caught:
        context.scan("d")
    assert ".dockerignore" in caught.value.hint
