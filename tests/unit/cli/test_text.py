"""Foreign bytes become the same safe lines, however they are cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.cli.text import LineBuffer, clean, clean_line


def _lines(pieces: list[bytes]) -> list[str]:
    buffer = LineBuffer()
    lines = [line for piece in pieces for line in buffer.feed(piece)]
    return lines + buffer.flush()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"\n", b"\r", b"\x1b[3", b"1m"])))
def test_lines_do_not_depend_on_how_output_was_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert _lines(pieces) == _lines([whole]) == _lines([bytes([byte]) for byte in whole])


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_clean_text_has_no_control_characters_and_stays_as_it_is(text: str) -> None:
    shown = clean(text)
    assert not [one for one in shown if one not in "\n\t" and (one < " " or "\x7f" <= one < "\xa0")]
    assert clean(shown) == shown
    assert "\n" not in clean_line(text)


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("a\u202eb\u2066c", "abc"),
        ("tab\tand ünïcode stay", "tab\tand ünïcode stay"),
        ("a\x08\x00b", "ab"),
    ],
)
def test_escape_sequences_vanish_whole(foreign: str, shown: str) -> None:
    assert clean(foreign) == shown
