"""Owns how foreign bytes become text that is safe to show: whole lines without control characters.

Output of processes and names from images are hostile: an escape sequence could rewrite what the user sees. It refuses
to keep any of them, colours included.
"""

from __future__ import annotations

import re

#: The longest line that is waited for; longer ones are shown in pieces.
LONGEST_LINE_BYTES = 64 * 1024

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC strings
    r"|\x1b[ -/]*[0-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """The text without escape sequences, control and direction-changing characters.

    Newlines and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def clean_line(text: str) -> str:
    """One line: like clean(), with line breaks and tabs turned into spaces."""
    return clean(text).replace("\n", " ").replace("\t", " ")


class LineBuffer:
    """Collects one stream's pieces into whole clean lines; memory is bounded."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that this piece completes."""
        *whole, self._pending = (self._pending + data).split(b"\n")
        lines = [_shown(line) for line in whole]
        while len(self._pending) > LONGEST_LINE_BYTES:
            cut = _character_boundary(self._pending, LONGEST_LINE_BYTES)
            lines.append(_shown(self._pending[:cut]))
            self._pending = self._pending[cut:]
        return lines

    def flush(self) -> list[str]:
        """What is left without a newline, if anything."""
        rest, self._pending = self._pending, b""
        return [_shown(rest)] if rest else []


def _shown(line: bytes) -> str:
    """A progress bar overwrites itself by carriage returns: its last state is what counts."""
    return clean(line.rstrip(b"\r").rpartition(b"\r")[2].decode("utf-8", "replace"))


def _character_boundary(data: bytes, at: int) -> int:
    for back in range(4):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at
