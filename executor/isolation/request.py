"""Owns the translation of a RunSpec into the zygote's request: plain values and descriptors.

All decisions that need no kernel are made here, in the main process, where errors are cheap to report.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from lithify.errors import SandboxError
from lithify.executor.isolation.etc import etc_mounts
from lithify.executor.isolation.ports import FileMount, MountFd, TmpfsMount
from lithify.executor.syscalls import (
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
)

if TYPE_CHECKING:
    from lithify.executor.isolation.ports import RunSpec

#: Kernel numbers of the limits by their usual names.
_RLIMITS = {
    name: number
    for number, name in enumerate(
        (
            *("cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as"),
            *("locks", "sigpending", "msgqueue", "nice", "rtprio", "rttime"),
        )
    )
}
#: Limits that would otherwise leak in from the host and change what programs do.
_DEFAULT_LIMITS = (("nofile", 1024, 524288), ("core", 0, -1))


def encode_request(spec: RunSpec, network: str) -> tuple[dict[str, Any], list[int]]:
    """The zygote's request for a process, and the descriptors of its mounts. Raises SandboxError.

    `network` is none, host, or pooled when a descriptor of a namespace comes with the request.
    """
    if not spec.argv:
        raise SandboxError("start a process: no command")
    mounts, fds = _encode_mounts(
        (*etc_mounts(spec, shares_host_network=network == "host"), *spec.mounts)
    )
    request = {
        "argv": list(spec.argv),
        "env": list(spec.env),
        "cwd": posixpath.normpath(posixpath.join("/", spec.cwd)),
        "identity": (spec.identity.uid, spec.identity.gid, list(spec.identity.groups)),
        "hostname": spec.hostname,
        "network": network,
        "insecure": spec.insecure,
        "no_aslr": spec.no_aslr,
        "mounts": mounts,
        "rlimits": _encode_limits(spec.limits.ulimits),
        "shm": spec.limits.shm_size_bytes,
        "tty": spec.tty,
    }
    return request, fds


def _encode_limits(ulimits: tuple[tuple[str, int, int], ...]) -> list[tuple[int, int, int]]:
    chosen = {name: (soft, hard) for name, soft, hard in (*_DEFAULT_LIMITS, *ulimits)}
    unknown = sorted(set(chosen) - set(_RLIMITS))
    if unknown:
        raise SandboxError(f"unknown resource limit {unknown[0]!r}")
    return [(_RLIMITS[name], soft, hard) for name, (soft, hard) in chosen.items()]


def _encode_mounts(
    mounts: tuple[MountFd | TmpfsMount | FileMount, ...],
) -> tuple[list[tuple[Any, ...]], list[int]]:
    """Parents first; of several at one target the last one only."""
    by_target = {posixpath.normpath("/" + mount.target.lstrip("/")): mount for mount in mounts}
    if "/" in by_target:
        raise SandboxError('invalid mount target "/"')
    fds: list[int] = []
    encoded: list[tuple[Any, ...]] = []
    for target in sorted(by_target, key=lambda path: path.split("/")):
        match by_target[target]:
            case FileMount() as file:
                owner = (file.uid, file.gid)
                encoded.append(("file", target, file.content, file.mode, *owner, file.noexec))
            case TmpfsMount() as tmpfs:
                encoded.append(("tmpfs", target, tmpfs.size_bytes, tmpfs.mode))
            case MountFd() as tree:
                encoded.append(("fd", target, len(fds), tree.subpath, _attributes(tree)))
                fds.append(tree.fd)
    return encoded, fds


def _attributes(mount: MountFd) -> int:
    flags = (
        (mount.read_only, MOUNT_ATTR_RDONLY),
        (mount.nosuid, MOUNT_ATTR_NOSUID),
        (mount.nodev, MOUNT_ATTR_NODEV),
        (mount.noexec, MOUNT_ATTR_NOEXEC),
    )
    return sum(attribute for chosen, attribute in flags if chosen)
