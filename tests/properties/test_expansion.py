"""Variable expansion against a model: words are grown together with what they must become."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lithify.grammar.words import expand

ENV = {"A": "one", "B": "two words", "C": "", "D": "*'\"$x\\"}
NAMES = ("A", "B", "C", "D", "UNSET")

#: A piece of a word and its value.
Piece = tuple[str, str]

_letters = st.text("abcxyz019/.,:=- ", min_size=1, max_size=6)


def joined(pieces: list[Piece]) -> Piece:
    return "".join(text for text, _ in pieces), "".join(value for _, value in pieces)


def literal(text: str) -> Piece:
    return text, text


def escaped(character: str) -> Piece:
    return "\\" + character, character


def single_quoted(text: str) -> Piece:
    return f"'{text}'", text


def double_quoted(pieces: list[Piece]) -> Piece:
    text, value = joined(pieces)
    return f'"{text}"', value


def plain_variable(name: str) -> Piece:
    # A slash ends the name, whatever follows.
    return f"${name}/", ENV.get(name, "") + "/"


def braced(name: str) -> Piece:
    return f"${{{name}}}", ENV.get(name, "")


def defaulted(name: str, operator: str, word: Piece) -> Piece:
    value = ENV.get(name)
    text, other = word
    counts = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("-"):
        result = value or "" if counts else other
    else:
        result = other if counts else ""
    return f"${{{name}{operator}{text}}}", result


_names = st.sampled_from(NAMES)
_simple = st.one_of(
    _letters.map(literal),
    st.sampled_from("a\\\"'$}{ /").map(escaped),
    st.text('abc $\\"/', max_size=5).map(single_quoted),
    _names.map(plain_variable),
    _names.map(braced),
)
#: Inside double quotes a single quote means nothing, and only three characters can be escaped.
_inside_quotes = st.one_of(
    st.text("ab '/", min_size=1, max_size=5).map(literal),
    st.sampled_from('"$\\').map(escaped),
    _names.map(plain_variable),
    _names.map(braced),
)


def _grown(pieces: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    words = st.lists(pieces, max_size=3).map(joined)
    operators = st.sampled_from((":-", "-", ":+", "+"))
    return st.one_of(pieces, st.builds(defaulted, _names, operators, words))


_pieces = st.recursive(
    st.one_of(_simple, st.lists(_inside_quotes, max_size=4).map(double_quoted)),
    _grown,
    max_leaves=8,
)


@given(st.lists(_pieces, max_size=5).map(joined))
def test_a_word_becomes_what_it_was_made_to_become(word: Piece) -> None:
    text, value = word
    assert expand(text, ENV).value == value


@given(st.lists(_pieces, max_size=5).map(joined))
def test_what_was_missing_is_what_was_asked_for_and_not_set(word: Piece) -> None:
    expansion = expand(word[0], ENV)
    assert expansion.missing <= {"UNSET"}
    assert expansion.used <= set(ENV)
