"""Places as editors count them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.lsp.buffer import ENCODINGS, Position, TextBuffer
from lithify.lsp.deltas import TokenMemory

TEXTS = st.text(st.sampled_from("ab é😀\n\r\x0b\u2028"), max_size=40)


@pytest.mark.parametrize(("encoding", "character"), [("utf-8", 6), ("utf-16", 3), ("utf-32", 2)])
def test_characters_are_counted_in_the_units_that_were_agreed(encoding, character):
    buffer = TextBuffer("x\né😀z", encoding)
    assert buffer.position(4) == Position(1, character)
    assert buffer.offset(1, character) == 4


def test_a_place_inside_a_character_is_the_one_before_it():
    assert TextBuffer("😀x").offset(0, 1) == 0


def test_places_that_are_not_there_become_the_nearest():
    buffer = TextBuffer("ab\r\ncd")
    assert buffer.offset(0, 99) == 2
    assert buffer.offset(99, 0) == 6
    assert buffer.offset(-1, -1) == 0
    assert buffer.position(99) == Position(1, 2)


def test_separators_that_end_no_line_end_none_here():
    assert TextBuffer("a\u2028b\x0bc\nd").position(6) == Position(1, 0)


@given(TEXTS, st.sampled_from(ENCODINGS))
def test_every_offset_has_a_place_that_leads_back(text, encoding):
    buffer = TextBuffer(text, encoding)
    for offset in range(len(text) + 1):
        inside = text[offset - 1 : offset + 1] == "\r\n"
        assert buffer.offset(*buffer.position(offset)) == (offset - 1 if inside else offset)


@given(TEXTS, TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_an_edit_is_the_same_as_cutting_the_text(text, fresh, one, other):
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    buffer = TextBuffer(text)
    begin, stop = buffer.position(start), buffer.position(end)
    expected = text[: buffer.offset(*begin)] + fresh + text[buffer.offset(*stop) :]
    assert buffer.edited(begin, stop, fresh).text == expected


@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 2), max_size=6))
def test_a_delta_makes_the_old_numbers_into_the_new_ones(before, after):
    memory = TokenMemory()
    old = [number for number in before for _ in range(5)]
    new = [number for number in after for _ in range(5)]
    name = memory.keep("a", list(old))
    delta = memory.delta("a", name, new)
    assert delta is not None
    for one in delta:
        old[one.start : one.start + one.removed] = one.data
    assert old == new


def test_a_forgotten_answer_has_no_delta():
    memory = TokenMemory()
    name = memory.keep("a", [1])
    memory.keep("a", [2])
    assert memory.delta("a", name, [1]) is None
    memory.forget("a")
    assert memory.delta("a", "2", [1]) is None
