r"""Owns the reading of bodies that hold nothing special: printable ASCII without escapes, quotes closed.

Nearly all bodies are such; a file of them is read without loading what reads the others, which takes longer than all
else that `lint` does with one file. The grammar (`parser`) stays the judge: for what it does read, this module says the
same, and for the rest it says None. It refuses to know escapes, so it serves both escape characters.

Specification: sections 1.3 to 1.6 and 1.10.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Printable ASCII without quotes, escapes (backslash and backtick) and blanks.
_FREE = r"!#-&(-\[\]-_a-~"
# No choice is tried twice (`++`), so that no text takes more than linear time.
_ONE_WORD = rf"""(?:[{_FREE}]++|"[ \t'{_FREE}]*+"|'[ \t"{_FREE}]*+')++"""
_WORD = re.compile(_ONE_WORD)
_WORDS = re.compile(rf"[ \t]*+(?:{_ONE_WORD}(?:[ \t]++|\Z))*+")
_FIELD = re.compile(rf"[{_FREE}'\"]++")
_FIELDS = re.compile(rf"[ \t{_FREE}'\"]*+")
_FLAG = re.compile(rf"--[{_FREE}]++(?=[ \t])")
_FLAGS = re.compile(rf"(?:--[{_FREE}]++[ \t]++)++(?=(?!--)[{_FREE}'\"])")
_STRING = re.compile(r'"([^"\\\x00-\x1f]*+)"')
_ONE_STRING = r'"[^"\\\x00-\x1f]*+"[ \t]*+'
_ARRAY = re.compile(rf"\[[ \t]*+(?:{_ONE_STRING}(?:,[ \t]*+{_ONE_STRING})*+)?\]")


class Piece(NamedTuple):
    """A word of a body: its value, and where it stands in the body (half-open)."""

    text: str
    start: int
    end: int


def flags(text: str) -> tuple[list[Piece], int] | None:
    """Flags, and where the arguments start."""
    found = _FLAGS.match(text)
    if found is None:
        return None
    return _pieces(_FLAG, text[: found.end()]), found.end()


def words(text: str) -> list[Piece] | None:
    """Words in which quotes group."""
    return _pieces(_WORD, text) if _WORDS.fullmatch(text) else None


def fields(text: str) -> list[Piece] | None:
    """Words between blanks, quotes are letters."""
    return _pieces(_FIELD, text) if _FIELDS.fullmatch(text) else None


def image(text: str) -> list[Piece] | None:
    """The one or three words of a FROM."""
    found = fields(text)
    if not found or (found[0].start, found[-1].end) != (0, len(text)):
        return None
    is_named = len(found) == 3 and found[1].text.lower() == "as"
    return found if is_named or len(found) == 1 else None


def array(text: str) -> list[Piece] | None:
    """Strings of a JSON array that holds nothing else."""
    if not _ARRAY.fullmatch(text):
        return None
    return [Piece(one[1], one.start(), one.end()) for one in _STRING.finditer(text)]


def record(text: str) -> list[str] | None:
    """Fields of a CSV record."""
    return text.split(",") if text and '"' not in text else None


def _pieces(pattern: re.Pattern[str], text: str) -> list[Piece]:
    return [Piece(one[0], one.start(), one.end()) for one in pattern.finditer(text)]
