"""Owns the cancellation of a build: one flag, and what has to be told when it is raised.

A build stops for two reasons, the user's wish or a sibling's failure; both kill processes at once instead of
waiting for them. It refuses to say why: the scheduler reports the first error.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lithify.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cancellation:
    """Thread-safe; raised once, never lowered."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may run on top of a holder
        self._raised = False
        self._callbacks: dict[int, Callable[[], None]] = {}

    @property
    def is_raised(self) -> bool:
        return self._raised

    def cancel(self) -> None:
        """Raise the flag and run every callback; idempotent, safe from a signal handler's thread."""
        with self._lock:
            if self._raised:
                return
            self._raised = True
            callbacks = list(self._callbacks.values())
        for callback in callbacks:
            callback()

    def check(self) -> None:
        """Raises Cancelled once the flag is raised."""
        if self._raised:
            raise Cancelled("the build was stopped")

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Run `callback` if the flag is raised while the block runs (at once if it already was)."""
        with self._lock:
            token = id(callback)
            raised = self._raised
            if not raised:
                self._callbacks[token] = callback
        if raised:
            callback()
        try:
            yield
        finally:
            with self._lock:
                self._callbacks.pop(token, None)
