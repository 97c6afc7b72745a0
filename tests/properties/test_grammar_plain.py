"""What is read without the grammar is what the grammar reads."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lithify.errors import SourceError
from lithify.grammar import plain
from lithify.grammar.parser import BodyParser

PIECES = st.sampled_from(
    ["--", "-", "a", "as", "AS", "from=b", "=", ",", " ", "  ", "\t", "\n", "\r", "\v", "'", '"']
    + ["\\", "`", "[", "]", '"a"', "$x", "#", "<<E", "{", "ä", "\x85", "\xa0", "\u3000", "\0"]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)
ARRAYS = st.lists(st.sampled_from(['"a"', '"b c"', ",", " ", "[", "]", "1", "\\", "\t"])).map(
    lambda inner: f"[{''.join(inner)}]"
)


def _by_grammar(kind: str, escape: str, text: str) -> object:
    bodies = BodyParser(escape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, kind, lambda _: None)
        if kind == "record":
            try:
                return bodies.record(text, None)
            except SourceError as error:
                return error.message
        return getattr(bodies, kind)(text)


@pytest.mark.parametrize("escape", ["\\", "`"])
@pytest.mark.parametrize("kind", ["flags", "words", "fields", "image", "array", "record"])
@given(text=TEXTS | ARRAYS)
@example(text="--from=b --x c 'd")
@example(text="--a --b")
@example(text="a=b c=\"d e\"f 'g' ")
@example(text='["a", "b c"]')
@example(text="debian:12 AS base")
def test_plain_bodies_are_read_as_the_grammar_reads_them(kind: str, escape: str, text: str) -> None:
    # The lexer is only asked for flags where there are some.
    found = getattr(plain, kind)(text) if kind != "flags" or text.startswith("--") else None
    if found is not None:
        assert found == _by_grammar(kind, escape, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("flags", "--from=base --chown=a:b . /app/"),
        ("words", "A=1 B=\"two words\" C='x'"),
        ("fields", 'package*.json "quoted" ./'),
        ("image", "debian:12 AS base"),
        ("array", '[ "nginx", "-g", "daemon off;" ]'),
        ("record", "type=cache,target=/root/.cache"),
    ],
)
def test_usual_bodies_are_plain(kind: str, text: str) -> None:
    assert getattr(plain, kind)(text) is not None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("flags", "--a " * 20_000),
        ("words", "''" * 20_000 + "'"),
        ("words", "a" * 60_000 + "\\"),
        ("fields", "a " * 30_000 + "ä"),
        ("image", "a " * 30_000 + "\\"),
        ("array", '["a"' + ',"a"' * 15_000),
    ],
)
def test_long_bodies_that_end_badly_are_given_up_at_once(kind: str, text: str) -> None:
    assert getattr(plain, kind)(text) is None
