"""Owns the values of the formatter: options, edits, and how edits become text.

Edits rather than a new text are the result, because whoever cannot be given an edit cannot be
harmed by one: heredoc bodies and words of a shell are never written again, not even unchanged. It
refuses to know what is formatted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

LineEnding = Literal["auto", "lf", "crlf"]


class FormatOptions(NamedTuple):
    """How the layout may be chosen. `width` is advice: it breaks what can be broken; None is no limit."""

    indent: str = "    "
    line_ending: LineEnding = "auto"
    width: int | None = 100
    final_newline: bool = True


class TextEdit(NamedTuple):
    """Replace a range of a text, in code points and half-open."""

    start: int
    end: int
    text: str


class Style(NamedTuple):
    """The options with what the file decides: its escape character and its line ending."""

    escape: str
    newline: str
    indent: str
    width: int | None


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """The text with edits done; they are in order and do not overlap."""
    parts: list[str] = []
    at = 0
    for edit in edits:
        parts += (text[at : edit.start], edit.text)
        at = edit.end
    return "".join((*parts, text[at:]))


def smallest_edit(text: str, edit: TextEdit) -> TextEdit | None:
    """The edit without what it leaves as it is at both ends; None if it changes nothing."""
    start, end, new = edit
    old = text[start:end]
    if old == new:
        return None
    most = min(len(old), len(new))
    same = 0
    while same < most and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < most - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return TextEdit(start + same, end - tail, new[same : len(new) - tail])
