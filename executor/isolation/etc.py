"""Owns the texts of /etc/hosts, /etc/hostname and /etc/resolv.conf inside a sandbox.

They are bound read-only over the image's files, so a step never sees or records the host's. It refuses
to resolve names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lithify.executor.isolation.ports import FileMount

if TYPE_CHECKING:
    from lithify.executor.isolation.ports import RunSpec

#: Where systemd-resolved lists the servers behind its loopback stub.
_UPSTREAM = Path("/run/systemd/resolve/resolv.conf")
_RESOLV = Path("/etc/resolv.conf")
_FALLBACK = "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"
_MAX_BYTES = 64 * 1024


def etc_mounts(spec: RunSpec, *, shares_host_network: bool) -> tuple[FileMount, ...]:
    """The three files for a process."""
    texts = {
        "/etc/hosts": hosts_text(spec.hostname, spec.extra_hosts),
        "/etc/hostname": f"{spec.hostname}\n",
        "/etc/resolv.conf": resolv_text(shares_host_network=shares_host_network),
    }
    return tuple(
        FileMount(target, text.encode("utf-8", "surrogateescape"), mode=0o644)
        for target, text in texts.items()
    )


def hosts_text(hostname: str, extra_hosts: tuple[tuple[str, str], ...]) -> str:
    """/etc/hosts for a host name and further (name, address) pairs."""
    lines = [
        f"127.0.0.1\tlocalhost {hostname}",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        *(f"{address}\t{name}" for name, address in extra_hosts),
    ]
    return "".join(f"{line}\n" for line in lines)


def resolv_text(
    *, shares_host_network: bool, resolv: Path = _RESOLV, upstream: Path = _UPSTREAM
) -> str:
    """The host's resolver configuration, without servers that only the host can reach."""
    text = _read(resolv)
    if shares_host_network:
        return text
    usable = _without_loopback(text)
    if not _has_server(usable):
        usable += _without_loopback(_read(upstream))
    return usable if _has_server(usable) else usable + _FALLBACK


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _has_server(text: str) -> bool:
    return any(line.split()[:1] == ["nameserver"] for line in text.splitlines())


def _without_loopback(text: str) -> str:
    kept = (line for line in text.splitlines() if not _is_loopback(line.split()))
    return "".join(f"{line}\n" for line in kept)


def _is_loopback(words: list[str]) -> bool:
    return words[:1] == ["nameserver"] and words[1:2] != [] and words[1].startswith(("127.", "::1"))
