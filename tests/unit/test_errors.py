"""Errors have one shape: the message, the place, the line with a marker, what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.errors import (
    LithifyError,
    Secret,
    SourceError,
    SourceErrors,
    SourceText,
    Span,
    StepFailed,
    closest,
    render_error,
)

TEXT = SourceText("Dockerfile", "FROM a\nCPOY app /srv/app\n  RUN x \\\n    y\n")


def span_of(text: str) -> Span:
    start = TEXT.text.index(text)
    return Span(TEXT, start, start + len(text))


def test_an_error_underlines_the_offending_span() -> None:
    error = SourceError(
        'unknown instruction "CPOY"', span=span_of("CPOY"), suggestion="COPY", hint="read the docs"
    )
    assert render_error(error) == (
        'error: unknown instruction "CPOY" (did you mean COPY?)\n'
        "  --> Dockerfile:2:1\n"
        "   |\n"
        " 2 | CPOY app /srv/app\n"
        "   | ^^^^\n"
        "   = help: read the docs"
    )


def test_a_span_over_lines_is_underlined_on_each_of_them() -> None:
    shown = render_error(LithifyError("x", span=span_of("RUN x \\\n    y"))).splitlines()
    assert shown[-4:] == [" 3 |   RUN x \\", "   |   ^^^^^^^", " 4 |     y", "   |     ^"]


def test_several_errors_are_shown_together() -> None:
    both = SourceErrors((SourceError("one", span=span_of("a")), SourceError("two")))
    assert render_error(both).count("error: ") == 2


def test_a_failed_step_shows_the_end_of_its_output() -> None:
    error = StepFailed("process failed", exit_code=3, tail=("first", "last"))
    assert render_error(error).splitlines()[1:] == [
        "   = its last output:",
        "   | first",
        "   | last",
    ]


@pytest.mark.parametrize(
    ("text", "offset", "place"), [("", 0, (1, 1)), ("a\n", 2, (2, 1)), ("ab\ncd", 4, (2, 2))]
)
def test_positions_count_from_one(text: str, offset: int, place: tuple[int, int]) -> None:
    assert SourceText("f", text).position(offset) == place


def test_a_span_narrows_to_a_whole_word_only() -> None:
    line = Span(TEXT, 7, 24)
    assert line.narrowed("app").text == "app"
    assert line.narrowed("app").start == TEXT.text.index("app")
    assert line.narrowed("ap") == line
    assert line.narrowed("") == line


@pytest.mark.parametrize(
    ("name", "found"), [("CPOY", "COPY"), ("RUM", "RUN"), ("RUN", ""), ("WHATEVER", "")]
)
def test_only_a_near_candidate_is_suggested(name: str, found: str) -> None:
    assert closest(name, ("COPY", "RUN", "ADD")) == found


def _edited(text: str) -> set[str]:
    """All that is one edit away, or none, over an alphabet of two letters."""
    places, letters = range(len(text)), ("a", "b", "")
    insertions = {text[:at] + one + text[at:] for at in (*places, len(text)) for one in letters}
    changes = {text[:at] + one + text[at + 1 :] for at in places for one in letters}
    return insertions | changes


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_near_is_what_two_edits_reach(name: str, other: str) -> None:
    reached = {two for one in _edited(name) for two in _edited(one)}
    expected = other if other in reached and other != name else ""
    assert closest(name, (other,)) == expected


def test_a_secret_does_not_show_itself() -> None:
    assert repr(Secret("hunter2")) == "'***'"
