"""A step that ran says which of its inputs changed, in the words of a Dockerfile."""

from __future__ import annotations

import json

import pytest

from lithify.cache.ports import Leaf
from lithify.executor.reasons import changes, phrases


class Witness:
    """Knows nothing but what it was asked."""

    def parent(self) -> str:
        return "the parent changed"

    def files(self, place: str, old: str, new: str) -> tuple[str, ...]:
        return (f"files at {place}: {old} -> {new}",)

    def variable(self, name: str) -> str:
        return f"ENV {name}"


def leaves(**changed: str) -> tuple[Leaf, ...]:
    values = {
        "op": "run",
        "parent": "p",
        "text": json.dumps(["/bin/sh", "-c", "make"]),
        "env.CC": "gcc",
        "user": "",
        "platform": "linux/amd64",
        **changed,
    }
    return tuple(Leaf(name, value) for name, value in values.items())


def said(new: tuple[Leaf, ...], old: tuple[Leaf, ...]) -> tuple[str, ...]:
    return phrases(changes(new, old), Witness())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"parent": "q"}, "the parent changed"),
        ({"platform": "linux/arm64"}, 'the platform changed from "linux/amd64" to "linux/arm64"'),
        ({"layer form": "2"}, "this version of lithify writes layers in another form"),
        ({"normalisers": "x/2"}, "this version of lithify normalises files differently"),
        (
            {"text": json.dumps(["/bin/sh", "-c", "make all"])},
            'the command changed from "make" to "make all"',
        ),
        ({"env.CC": "clang"}, 'ENV CC changed from "gcc" to "clang"'),
        ({"env.NEW": "1"}, 'ENV NEW changed from unset to "1"'),
        ({"user": "web"}, 'USER changed from "" to "web"'),
        ({"ulimit.core": "0:0"}, '--ulimit core changed from unset to "0:0"'),
        ({"security": "insecure"}, '--security changed from unset to "insecure"'),
    ],
)
def test_the_difference_is_named(change: dict[str, str], line: str) -> None:
    assert said(leaves(**change), leaves()) == (line,)


def test_a_value_that_is_gone_is_named() -> None:
    old = (*leaves(), Leaf("env.OLD", "1"))
    assert said(leaves(), old) == ('ENV OLD changed from "1" to unset',)


def test_the_platform_comes_before_what_follows_from_it() -> None:
    lines = said(leaves(parent="q", platform="linux/arm64"), leaves())
    assert lines[0].startswith("the platform changed")
    assert lines[1:] == ("the parent changed",)


def test_files_of_sources_and_mounts_are_asked_of_the_witness() -> None:
    old = {"source.1": json.dumps(["files", "n", "1"]), "mount./m": json.dumps(["bind", "ro", "3"])}
    new = {"source.1": json.dumps(["files", "n", "2"]), "mount./m": json.dumps(["bind", "ro", "4"])}
    assert set(said(leaves(**new), leaves(**old))) == {"files at 1: 1 -> 2", "files at /m: 3 -> 4"}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (["url", "a.tgz", "1"], ["url", "a.tgz", "2"], "the download a.tgz changed"),
        (["git", "", "False", "1"], ["git", "", "False", "2"], "the git repository of source 1"),
        (["inline", "E", "1"], ["inline", "E", "2"], "the heredoc E changed"),
        (["files", "n", "1"], ["url", "n", "1"], "source 1 is now of another kind: url, not files"),
    ],
)
def test_sources_that_are_no_files_are_named(old: list[str], new: list[str], line: str) -> None:
    (found,) = said(
        leaves(**{"source.0": json.dumps(new)}), leaves(**{"source.0": json.dumps(old)})
    )
    assert found.startswith(line)


def test_a_mount_that_changes_its_name_is_one_change() -> None:
    old = {"mount./run/secrets/a": json.dumps(["secret", "a", "", "False", "0:0 0400"])}
    new = {"mount./run/secrets/b": json.dumps(["secret", "b", "", "False", "0:0 0400"])}
    assert said(leaves(**new), leaves(**old)) == ('the secret id changed from "a" to "b"',)


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    (line,) = said(leaves(**{"env.CC": "x" * 500 + "new"}), leaves(**{"env.CC": "x" * 500 + "old"}))
    assert "old" in line and "new" in line
    assert len(line) < 120


def test_equal_leaves_differ_in_nothing() -> None:
    assert changes(leaves(), leaves()) == []
