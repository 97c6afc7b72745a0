"""Owns the paths inside a container that are not the image's own: the kernel's directories, the sockets of engines."""

from __future__ import annotations

import posixpath

_KERNEL = ("/proc", "/sys", "/dev")
_SOCKETS = frozenset(("docker.sock", "containerd.sock", "podman.sock", "crio.sock"))


def kernel_path(path: str) -> str:
    """The path without detours if it is in a directory of the kernel, else ''."""
    plain = posixpath.normpath(path)
    plain = "/" + plain.lstrip("/") if plain.startswith("/") else plain
    is_inside = any(plain == one or plain.startswith(f"{one}/") for one in _KERNEL)
    return plain if is_inside else ""


def is_engine_socket(path: str) -> bool:
    """Whether a path is that of the socket of a container engine."""
    return posixpath.basename(posixpath.normpath(path)) in _SOCKETS
