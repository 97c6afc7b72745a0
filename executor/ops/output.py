"""Owns the way of a process's output: from pipes to events, with its end kept for errors.

Each stream has its own pipe and thread, so that nothing waits for anything else. It refuses to decode or split:
that is rendering.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_PIECE_BYTES = 64 * 1024
_TAIL_BYTES = 16 * 1024
#: Of a line in the tail; what came before is in the log, and an error must fit a screen.
_MOST_LINE_CHARACTERS = 400


class Output:
    """Two pipes whose content goes to `emit(stream, data)`; a context manager that owns them."""

    def __init__(self, emit: Callable[[str, bytes], None]) -> None:
        self._emit = emit
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.stdout = -1
        self.stderr = -1

    def __enter__(self) -> Self:
        self.stdout = self._pipe("stdout")
        self.stderr = self._pipe("stderr")
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Close the writing ends and wait until everything written has been emitted; idempotent."""
        for fd in (self.stdout, self.stderr):
            if fd >= 0:
                os.close(fd)
        self.stdout = self.stderr = -1
        for thread in self._threads:
            thread.join()

    def tail(self, most_lines: int = 20) -> tuple[str, ...]:
        """The last lines of both streams in the order they came."""
        text = b"".join(self._tail).decode("utf-8", "replace")
        lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
        return tuple(_shortened(line) for line in lines if line)[-most_lines:]

    def _pipe(self, stream: str) -> int:
        reader, writer = os.pipe()
        thread = threading.Thread(target=self._drain, args=(stream, reader), daemon=True)
        self._threads.append(thread)
        thread.start()
        return writer

    def _drain(self, stream: str, reader: int) -> None:
        with open(reader, "rb", buffering=0) as source:
            while data := source.read(_PIECE_BYTES):
                with self._lock:
                    self._remember(data)
                    self._emit(stream, data)

    def _remember(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes > _TAIL_BYTES and len(self._tail) > 1:
            self._tail_bytes -= len(self._tail.popleft())


def _shortened(line: str) -> str:
    """A line with its end, where programs say what is wrong."""
    if len(line) <= _MOST_LINE_CHARACTERS:
        return line
    return "..." + line[-_MOST_LINE_CHARACTERS:]
