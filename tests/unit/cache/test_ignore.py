"""The ignore file: how it is read and which paths it takes away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.cache import ignore
from lithify.cache.ignore import IgnoreError, make_matcher, parse_ignore_file


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        (["*", "!a"], "a", False),
        (["*", "!a"], "a/b", False),
        (["*", "!a"], "b", True),
        (["a", "!a/b"], "a/b", False),
        (["a", "!a/b"], "a/c", True),
        (["!a", "a"], "a", True),
        (["*/b*"], "a/bc", True),
        (["*/b*"], "bc", False),
        (["*/b*"], "a/x/bc", False),
        (["*/b*"], "a/b1/z", True),
        (["**/x"], "x", True),
        (["**/x"], "a/x", True),
        (["**/x"], "a/b/x", True),
        (["**/x"], "x/y", True),
        (["**/x"], "ax", False),
        (["**x"], "ax", True),
        (["a/**/c"], "a/c", True),
        (["a/**/c"], "a/b/c", True),
        (["a/**/c"], "a/b/b/c", True),
        (["a/**/c"], "ac", False),
        (["/a"], "a", True),
        (["a?"], "ab", True),
        (["a?"], "a", False),
        (["a?"], "abc", False),
        (["a?"], "a/", False),
        (["[a-c]x"], "bx", True),
        (["[a-c]x"], "dx", False),
        (["[^a]x"], "bx", True),
        (["[^a]x"], "ax", False),
        (["[!a]x"], "!x", True),
        (["[!a]x"], "ax", True),
        (["[!a]x"], "bx", False),
        ([r"\*"], "*", True),
        ([r"\*"], "a", False),
        (["docs", "!docs/*.md", "docs/README.md"], "docs/a.md", False),
        (["docs", "!docs/*.md", "docs/README.md"], "docs/README.md", True),
        (["."], "a", False),
        (["foo**"], "foobar/x", True),
        (["foo**"], "foo", True),
        (["foo/**"], "foo/x", True),
        (["foo/**"], "foo", False),
        (["**"], "any/thing", True),
        (["**/*.go"], "a/b.go", True),
        (["**/*.go"], "b.go", True),
        (["**/*.go"], "b.go/x", True),
        (["**/*.go"], "b.gox", False),
        (["**/a/**"], "x/a/y", True),
        (["**/a/**"], "x/a", False),
        (["foo"], "a/foo", False),
        (["foo/"], "foo/x", True),
        (["./foo"], "foo", True),
        (["a/../b"], "b", True),
        (["../x"], "x", False),
        (["a.b"], "axb", False),
        (["a+(b)$"], "a+(b)$", True),
        (["a*+(b)$"], "ax+(b)$", True),
        (["//a"], "a", True),
        (["*.txt"], "a\n.txt", True),
        (["a*"], "a\n", True),
        (["[a-c]"], "b\n", False),
    ],
)
def test_patterns_take_paths_away(patterns: list[str], path: str, ignored: bool) -> None:
    assert make_matcher(patterns).is_ignored(path) is ignored


def test_a_walk_that_hands_down_hits_finds_the_same() -> None:
    matcher = make_matcher(["a", "!a/b", "**/c", "!x/c/d*"])
    for path in ("a/b/e", "a/c", "x/c/d1", "x/c/e", "b/a", "a/b/c"):
        parts = path.split("/")
        hits = matcher.hits(parts[0])
        for count in range(2, len(parts) + 1):
            hits = matcher.hits("/".join(parts[:count]), hits)
        assert matcher.is_taken(hits) is matcher.is_ignored(path)


def test_a_directory_is_pruned_only_if_nothing_can_come_back() -> None:
    assert make_matcher(["a"]).can_prune("a/b")
    assert not make_matcher(["a"]).can_prune("b")
    assert not make_matcher(["a", "!z"]).can_prune("a")


def test_lines_are_read_in_order() -> None:
    text = "\ufeff# comment\n\n  a  \r\n #b\n!\t c\n"
    matcher = parse_ignore_file(text)
    assert [(one.text, one.is_negative) for one in matcher.patterns] == [
        ("a", False),
        ("#b", False),
        ("c", True),
    ]


def test_an_empty_file_ignores_nothing() -> None:
    assert not parse_ignore_file("").is_ignored("a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n!\n", '.dockerignore:2: illegal exclusion pattern: "!"'),
        ("! \n", '.dockerignore:1: illegal exclusion pattern: "!"'),
        ("a[\n", ".dockerignore:1: syntax error in pattern 'a['"),
        ("[a\n", ".dockerignore:1: syntax error in pattern '[a'"),
        ("b\na\\\n", ".dockerignore:2: syntax error in pattern 'a\\\\'"),
    ],
)
def test_wrong_patterns_are_refused_with_their_line(text: str, message: str) -> None:
    with pytest.raises(IgnoreError) as caught:
        parse_ignore_file(text)
    assert caught.value.message == message


_PIECES = st.sampled_from(["a", "b", "*", "**", "**/", "/", "?", "a/", "*a", "[ab]", "[^a]"])
_PATHS = st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@given(pattern=st.lists(_PIECES, min_size=1, max_size=8).map("".join), path=_PATHS)
def test_no_match_is_lost_for_the_sake_of_speed(pattern: str, path: str) -> None:
    try:
        quick = make_matcher([pattern]).patterns
    except IgnoreError:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ignore, "expression", "".join)
        plain = make_matcher([pattern]).patterns
    assert [one.matches(path) for one in quick] == [one.matches(path) for one in plain]


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/".join(["**", "a"] * 16) + "/b", "/".join(["a"] * 60) + "/c"),
        ("**/" * 16 + "b", "/".join(["a"] * 60) + "/c"),
        ("*a" * 20 + "b", "a" * 200),
    ],
)
def test_many_wildcards_take_no_longer_than_a_few(pattern: str, path: str) -> None:
    assert not make_matcher([pattern]).is_ignored(path)
