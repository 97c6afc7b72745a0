"""Owns the main process's supply of network namespaces for `network=default` processes.

Namespaces are reused between processes one after another (none of them may change its network), so that
a build of many steps makes one. It refuses to fail: without a network of its own a process shares the
host's, and the user is told once.
"""

from __future__ import annotations

import os
import socket
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.errors import SandboxError
from lithify.executor.isolation import companion, wire

if TYPE_CHECKING:
    from collections.abc import Callable


class NetworkPool:
    """Namespaces joined to a bridge; thread-safe. The companion starts at construction."""

    def __init__(self, on_notice: Callable[[str], None]) -> None:
        self._on_notice = on_notice
        self._lock = threading.Lock()
        self._idle: list[int] = []
        self._control: socket.socket | None = None
        self._pid = 0
        spec = find_spec("pyroute2")
        if spec is None or spec.origin is None:
            self._fall_back("pyroute2 is not installed")
            return
        try:
            folder = str(Path(spec.origin).parents[1])
            self._control, self._pid = companion.spawn("network", folder)
        except SandboxError as error:
            self._fall_back(error.message)

    def take(self) -> int | None:
        """A namespace for one process, given back by `give_back`; None: use the host's network."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._control is None:
                return None
            try:
                wire.send(self._control, {"make": True})
                received = wire.receive(self._control)
            except OSError:
                received = None
            if received is not None and received[1]:
                return received[1][0]
            reason = received[0]["error"] if received else "the process that makes networks ended"
            self._end(wait=False)
            self._fall_back(reason)
            return None

    def give_back(self, namespace: int, *, unchanged: bool) -> None:
        """Return a namespace whose process ended; one that may be changed is dropped."""
        with self._lock:
            if unchanged and self._control is not None:
                self._idle.append(namespace)
            else:
                os.close(namespace)

    def close(self, *, wait: bool = False) -> None:
        """Have the bridge and the translation removed; `wait` until they are gone. Idempotent."""
        with self._lock:
            self._end(wait=wait)

    def _end(self, *, wait: bool) -> None:
        while self._idle:
            os.close(self._idle.pop())
        if self._control is None:
            return
        self._control.shutdown(socket.SHUT_WR)
        while wait and wire.receive(self._control) is not None:
            continue
        self._control.close()
        os.waitpid(self._pid, 0)
        self._control = None

    def _fall_back(self, reason: str) -> None:
        self._on_notice(f"steps share the host's network: {reason}")
