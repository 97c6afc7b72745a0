"""Owns what was last told an editor about tokens, so that after a keystroke only the difference is sent.

One answer for each document is kept; an editor that refers to an older one is sent everything. It refuses to know what
the numbers mean, except that five belong together.
"""

from __future__ import annotations

from typing import NamedTuple

_SIZE = 5


class Splice(NamedTuple):
    """Numbers that take the place of others."""

    start: int
    removed: int
    data: list[int]


class TokenMemory:
    """The last answer for each document, by a name that was given to it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, list[int]]] = {}
        self._count = 0

    def keep(self, uri: str, data: list[int]) -> str:
        """Remember an answer; returns its name."""
        self._count += 1
        self._known[uri] = (str(self._count), data)
        return str(self._count)

    def forget(self, uri: str) -> None:
        """A document is gone; idempotent."""
        self._known.pop(uri, None)

    def delta(self, uri: str, name: str, data: list[int]) -> list[Splice] | None:
        """What makes the answer of a name into another; None if it is not remembered."""
        known = self._known.get(uri)
        if known is None or known[0] != name:
            return None
        before = known[1]
        if before == data:
            return []
        most = min(len(before), len(data))
        head = next((at for at in range(most) if before[at] != data[at]), most)
        head -= head % _SIZE
        left = most - head
        tail = next((at for at in range(left) if before[-1 - at] != data[-1 - at]), left)
        tail -= tail % _SIZE
        return [Splice(head, len(before) - head - tail, data[head : len(data) - tail])]
