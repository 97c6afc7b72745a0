"""Lists of files: what they keep, and how the difference of two reads."""

from __future__ import annotations

import stat

import pytest

from lithify.executor import manifest
from lithify.executor.manifest import Facts, Manifest, compare, differences

FILE, LINK, FOLDER = stat.S_IFREG | 0o644, stat.S_IFLNK, stat.S_IFDIR | 0o755


def files(**contents: str) -> Manifest:
    return {name.replace("__", "/"): Facts(FILE, "", one) for name, one in contents.items()}


def said(old: Manifest, new: Manifest) -> list[str]:
    return [one.phrase() for one in compare(old, new)]


def kept(listed: Manifest) -> bytes:
    """A list as it is kept, cut if it is too long."""
    files, depth = listed, None
    if len(files) > manifest.MOST_FILES:
        files, depth = manifest._shortened(files)
    return manifest._to_bytes((manifest._row(path, one) for path, one in files.items()), depth)


def said_of_kept(old: Manifest, new: Manifest) -> list[str]:
    return [one.phrase() for one in differences(kept(old), kept(new))]


def test_nothing_differs_between_equal_lists() -> None:
    assert said(files(a="1"), files(a="1")) == []


def test_many_files_are_counted_and_some_named() -> None:
    old, new = files(a="1", b="1", c="1", d="1"), files(a="2", b="2", c="2", d="2")
    assert said(old, new) == ["4 files changed: a, b, c, ..."]


def test_a_directory_that_came_with_its_files_is_not_named() -> None:
    new = {"d": Facts(FOLDER, "", ""), "d/a": Facts(FILE, "", "1")}
    assert said({}, new) == ["d/a added"]
    assert said({}, {"d": new["d"]}) == ["d added"]


def test_two_equal_files_are_not_taken_for_a_rename() -> None:
    assert said(files(a="1"), files(b="1", c="1")) == ["a removed", "2 files added: b, c"]


def test_owner_and_mode_are_told_apart() -> None:
    old = {"a": Facts(FILE, "0:0", "1"), "b": Facts(FILE, "0:0", "1")}
    new = {"a": Facts(FILE, "1:0", "1"), "b": Facts(FILE | 0o111, "0:0", "1")}
    assert said(old, new) == [
        "a changed owner from 0:0 to 1:0",
        "b changed mode from 0644 to 0755",
    ]


def test_a_list_survives_being_kept_with_odd_names() -> None:
    odd = "new\nline\udcff"
    old = {odd: Facts(FILE, "0:0", "1"), "": Facts(LINK, "", "here")}
    new = {odd: Facts(FILE, "0:0", "2"), "": Facts(LINK, "", "there")}
    assert said_of_kept(old, new) == [f"2 files changed: , {odd}"]
    assert said_of_kept(old, old) == []


@pytest.mark.parametrize("data", [b"", b"garbage", b"\x001\n2\n3", b"\0\n\n\n\n", b"9\x009\n\n\na"])
def test_a_damaged_list_is_empty(data: bytes) -> None:
    assert differences(data, data) == ()
    assert [one.verb for one in differences(data, kept(files(a="1")))] == ["added"]


def test_a_list_that_is_too_long_is_summed_up_by_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_FILES", 3)
    old, new = files(x__a="1", x__b="1", y__a="1", y__b="1"), files(x__a="1", x__b="1", y__a="1")
    assert kept(old).count(b"\0") == 2
    assert said_of_kept(old, {**new, "y/b": Facts(FILE, "", "2")}) == ["y changed"]


def test_a_short_list_can_be_compared_with_one_that_was_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manifest, "MOST_FILES", 3)
    long = files(x__a="1", y__a="1", y__b="1", y__c="1")
    assert said_of_kept(files(x__a="1", y__a="1"), long) == ["y changed"]
    assert said_of_kept(long, files(x__a="1", y__a="1")) == ["y changed"]


def test_a_list_without_directories_is_cut_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MOST_FILES", 3)
    assert kept(files(a="1", b="1", c="1", d="1")).count(b"\0") == 3
