"""Owns that the directories of a build's contexts are listed once, whoever asks.

The comparison with an earlier build and the build itself want the same listings; walking is most of what a build with
one changed file among many costs. A listing describes one moment: when it was begun is remembered with it. It refuses
trees that are no contexts, for those are not listed twice.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from lithify.executor.selection import Match, Selection, select

if TYPE_CHECKING:
    from lithify.executor.context import Context


class Wanted(NamedTuple):
    """What is selected from a context ('' is the build context), as `select` takes it."""

    context: str
    path: str
    exclude: tuple[str, ...] = ()
    parents: bool = False


class Walk(NamedTuple):
    """A selection, and the Unix time in nanoseconds before anything of it was looked at."""

    selection: Selection
    started_ns: int


class Walks:
    """The listings of one build; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: dict[Wanted, tuple[tuple[Match, ...], int]] = {}

    def select(self, tree: Context, wanted: Wanted) -> Walk:
        """The files that are meant, to be read from `tree`. Raises BuildError as `select` does."""
        with self._lock:
            if wanted not in self._done:
                started_ns = time.time_ns()
                found = select(tree, wanted.path, exclude=wanted.exclude, parents=wanted.parents)
                self._done[wanted] = found.matches, started_ns
            matches, started_ns = self._done[wanted]
        return Walk(Selection(tree, matches), started_ns)
