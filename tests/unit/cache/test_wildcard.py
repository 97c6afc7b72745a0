"""Wildcards match as Go's filepath.Match does."""

from __future__ import annotations

import pytest

from lithify.cache.wildcard import BadPattern, has_meta, match


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "a", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("p*q/x", "pzq/x", True),
        ("a?c*x", "abcdx", True),
        ("a?c*x", "abcdy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^b-d]", "abc", False),
        ("ab[^e-g]", "abc", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "ab", False),
        ("a?b", "a\u263ab", True),
        ("a[^a]b", "a\u263ab", True),
        ("a???b", "a\u263ab", False),
        ("[a-\u03b6]*", "\u03b1", True),
        ("*[a-\u03b6]", "A", False),
        ("a?b", "a/b", False),
        ("a*b", "a/b", False),
        (r"[\]a]", "]", True),
        (r"[\-]", "-", True),
        (r"[x\-]", "-", True),
        (r"[x\-]", "z", False),
        (r"[\-x]", "a", False),
        ("*x", "xxx", True),
        ("[b-a]", "a", False),
        ("", "", True),
        ("a", "a\n", False),
    ],
)
def test_names_match(pattern: str, name: str, matches: bool) -> None:
    assert match(pattern, name) is matches


@pytest.mark.parametrize(
    "pattern",
    ["[]a]", "[-]", "[x-]", "[-x]", "[", "[^", "[^bc", "a[", "[a-b-c]", "a\\", "[\\", "[a-"],
)
def test_bad_patterns_are_refused_whatever_the_name_is(pattern: str) -> None:
    with pytest.raises(BadPattern):
        match(pattern, "zzz")


def test_many_stars_do_not_take_long() -> None:
    assert not match("*" * 50 + "a", "b" * 200)


@pytest.mark.parametrize(
    ("pattern", "meta"), [("a/b", False), ("a*", True), ("a\\b", True), ("[", True), ("a?", True)]
)
def test_meta_characters_are_seen(pattern: str, meta: bool) -> None:
    assert has_meta(pattern) is meta
