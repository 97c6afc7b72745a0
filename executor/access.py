"""Owns what fetching may use: secrets, agents, proxies, bounds, and the way to stop it.

One value is passed to whatever speaks to a stranger, so that a build context and an ADD follow the same rules. It
refuses the process's environment: doors read that.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.cancel import Cancellation
from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.errors import Secret

_MOST_SECRET_BYTES = 500 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much: a server may be silent for `silence_s`, a transfer take `total_s` seconds."""

    silence_s: float = 60.0
    total_s: float = 7200.0
    most_bytes: int = 64 * 1024**3
    most_redirects: int = 10


@dataclass(frozen=True, slots=True)
class Access:
    """`secrets` by id, a path being a file to read; `ssh_agents` by id, a path being a socket or a key.

    `proxies` are variables such as HTTPS_PROXY in either case, the lower-case one winning. `git_protocols` are
    the transports that git may use."""

    secrets: Mapping[str, Secret | Path] = field(default_factory=dict, repr=False)
    ssh_agents: Mapping[str, Path] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    cancellation: Cancellation = field(default_factory=Cancellation)
    bounds: Bounds = Bounds()
    git_protocols: tuple[str, ...] = ("https", "http", "ssh", "git")

    def secret(self, name: str) -> bytes | None:
        """The value of a secret, at most 500 KiB, or None if it was not given. Raises BuildError."""
        given = self.secrets.get(name)
        if given is None:
            return None
        if isinstance(given, str):
            return given.encode("utf-8", "surrogateescape")
        try:
            with given.open("rb") as source:
                data = source.read(_MOST_SECRET_BYTES + 1)
        except OSError as error:
            raise BuildError(f'cannot read secret "{name}": {error.strerror}') from error
        if len(data) > _MOST_SECRET_BYTES:
            raise BuildError(f'secret "{name}" is larger than {_MOST_SECRET_BYTES} bytes')
        return data

    def proxy(self, name: str) -> str:
        """The value of a proxy variable given by its lower-case name, '' if it is not set."""
        return self.proxies.get(name) or self.proxies.get(name.upper(), "")
