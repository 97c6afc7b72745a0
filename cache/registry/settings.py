"""Owns where a registry client finds its settings, and how patient it is.

The environment comes in as a value, because only the doors read it; everything else here follows from it in the way of
docker and of the containers tools. It refuses to read any file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEM = Path("/etc/containers")
_URL = re.compile(r"(?P<scheme>[a-z]+)://(?:[^/@\s]*@)?(?P<rest>[^?#\s]*)(?P<query>[?#]\S*)?")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try. Times in seconds."""

    connect_s: float = 15.0
    read_s: float = 30.0
    #: Attempts without progress, the first included.
    attempts: int = 5
    first_pause_s: float = 0.5
    #: Longer pauses that a registry asks for (Retry-After) are refused with an error instead.
    longest_pause_s: float = 60.0
    #: A transfer slower than this for `read_s` counts as stalled.
    slowest_bytes_per_s: int = 256
    helper_s: float = 30.0


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """The environment variables that matter, and the patience."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: Patience = Patience()

    @property
    def _home(self) -> Path | None:
        home = self.environment.get("HOME", "")
        return Path(home) if home.startswith("/") else None

    @property
    def _user_config(self) -> Path | None:
        chosen = self.environment.get("XDG_CONFIG_HOME", "")
        if chosen.startswith("/"):
            return Path(chosen) / "containers"
        return self._home / ".config" / "containers" if self._home else None

    def auth_files(self) -> tuple[Path, ...]:
        """Where credentials may be, the first that knows a registry counts.

        $REGISTRY_AUTH_FILE stands alone, else $DOCKER_CONFIG, then what docker and podman use."""
        if chosen := self.environment.get("REGISTRY_AUTH_FILE"):
            return (Path(chosen),)
        if chosen := self.environment.get("DOCKER_CONFIG"):
            return (Path(chosen) / "config.json",)
        files = []
        runtime = self.environment.get("XDG_RUNTIME_DIR", "")
        if runtime.startswith("/"):
            files.append(Path(runtime) / "containers" / "auth.json")
        if self._user_config:
            files.append(self._user_config / "auth.json")
        if self._home:
            files.append(self._home / ".docker" / "config.json")
        return tuple(files)

    def login_file(self) -> Path | None:
        """Where `login` keeps credentials: docker's file unless a variable names another."""
        files = self.auth_files()
        return files[-1] if files else None

    def registries_files(self) -> tuple[Path, tuple[Path, ...]]:
        """The main registries.conf, and the folders with additions to it.

        $CONTAINERS_REGISTRIES_CONF stands alone, so that a job need not fear the machine's settings."""
        if chosen := self.environment.get("CONTAINERS_REGISTRIES_CONF"):
            return Path(chosen), ()
        user = self._user_config
        if user and (user / "registries.conf").is_file():
            return user / "registries.conf", (user / "registries.conf.d",)
        folders = (_SYSTEM / "registries.conf.d", *((user / "registries.conf.d",) if user else ()))
        return _SYSTEM / "registries.conf", folders

    def certificate_folders(self, host: str) -> tuple[Path, ...]:
        """Folders that may hold a host's `*.crt` (authorities), `*.cert` and `*.key` (of the client)."""
        tops = [_SYSTEM, Path("/etc/docker")]
        if self._user_config:
            tops.insert(0, self._user_config)
        return tuple(top / "certs.d" / host for top in tops)

    def proxy(self, scheme: str, host: str) -> str:
        """The proxy for a host, or ''; loopback is never reached by one."""
        chosen = self._variable(f"{scheme}_proxy") or self._variable("all_proxy")
        if not chosen or is_loopback(host) or _is_excepted(host, self._variable("no_proxy")):
            return ""
        return chosen if "://" in chosen else f"http://{chosen}"

    def _variable(self, name: str) -> str:
        return self.environment.get(name, "") or self.environment.get(name.upper(), "")


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` is this machine by its name alone: localhost, 127.0.0.0/8, [::1]."""
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    if name == "localhost" or name == "::1":
        return True
    parts = name.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() for part in parts)


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether NO_PROXY names a host, with or without its port, or a domain above it."""
    name = host.partition(":")[0]
    for one in (text.strip().lstrip(".").removeprefix("*.") for text in exceptions.split(",")):
        if one == "*" or one in (host, name) or (one and name.endswith(f".{one}")):
            return True
    return False


def redacted(text: str) -> str:
    """The text with user, password and query taken out of every URL in it."""

    def shown(match: re.Match[str]) -> str:
        query = "?..." if match["query"] else ""
        return f"{match['scheme']}://{match['rest']}{query}"

    return _URL.sub(shown, text)
