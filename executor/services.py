"""Owns what every step may use: store, snapshots, sandbox, contexts, secrets, cancellation.

It is one value, made by the facade for one build and passed down, so that nothing is global and a test can pass
its own. It refuses to open anything itself except the sandbox, which is started when first needed.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from lithify.cache.shared.records import SharedRecords
    from lithify.cache.store import Store
    from lithify.executor.access import Access
    from lithify.executor.cancel import Cancellation
    from lithify.executor.context import Context
    from lithify.executor.isolation.ports import Sandbox
    from lithify.executor.remote.sources import Remotes
    from lithify.executor.snapshot.snapshots import Snapshots
    from lithify.executor.walks import Walks

#: 1980-01-01T00:00:00Z, the earliest time that zip files can hold.
DEFAULT_EPOCH_S = 315532800


class LazySandbox:
    """A sandbox opened at its first use and closed with the build."""

    def __init__(self, open_sandbox: Callable[[], Sandbox]) -> None:
        self._open = open_sandbox
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None

    def get(self) -> Sandbox:
        """Raises SandboxError."""
        with self._lock:
            if self._sandbox is None:
                self._sandbox = self._open()
            return self._sandbox

    def close(self) -> None:
        with self._lock:
            sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a step's work may touch."""

    store: Store
    snapshots: Snapshots
    sandbox: LazySandbox
    cancellation: Cancellation
    contexts: Callable[[str], Context]
    #: Unix time in seconds; for records only, never for content.
    clock: Callable[[], float]
    #: What fetching may use; secrets and agents of RUN steps are the same.
    access: Access
    #: What is fetched for this build; loaded when first asked for.
    remotes: Callable[[], Remotes]
    walks: Walks
    #: The explicit epoch in seconds, or None for the default one with logical times.
    epoch_s: int | None = None
    faithful: bool = False
    #: What caches of other machines know; asked after the store.
    shared: SharedRecords | None = None

    def logical_time(self, layers_below: int) -> int:
        """The time of everything a layer makes, in seconds (docs/reproducibility.md)."""
        if self.epoch_s is not None:
            return self.epoch_s
        return DEFAULT_EPOCH_S + layers_below

    def secret(self, name: str) -> bytes | None:
        """The value of a secret, at most 500 KiB, or None if it was not given. Raises BuildError."""
        return self.access.secret(name)

    @property
    def ssh_agents(self) -> Mapping[str, Path]:
        """Sockets of SSH agents by their id."""
        return self.access.ssh_agents
