"""Owns the contract between steps and isolation: what to run, on what, and how it ended.

It exists so that further backends (rootless, chroot) stand beside the first without touching anything else;
file systems cross this border as mount file descriptors, so a backend never resolves host paths.
It refuses policy: users, environments and networks arrive decided.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MountFd:
    """A detached mount (from fsmount or open_tree) to be attached at `target` inside the root.

    `subpath` is resolved inside the mount (RESOLVE_IN_ROOT) by the sandbox; a file or a directory.
    The descriptor stays the caller's to close, but serves one process only: attaching uses it up.
    """

    fd: int
    target: str
    subpath: str = "/"
    read_only: bool = True
    nosuid: bool = False
    nodev: bool = False
    noexec: bool = False


@dataclass(frozen=True, slots=True)
class TmpfsMount:
    """An empty tmpfs at `target`; `size_bytes` 0 means the kernel's default."""

    target: str
    size_bytes: int = 0
    mode: int = 0o1777


@dataclass(frozen=True, slots=True)
class FileMount:
    """A small file that exists only inside the sandbox: secrets, scripts, hosts, resolv.conf."""

    target: str
    content: bytes = field(repr=False)
    mode: int = 0o444
    uid: int = 0
    gid: int = 0
    noexec: bool = True


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the process is: numbers only; `groups` are the supplementary groups."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """`ulimits`: (name as in ulimit(1)/docker such as nofile, soft, hard); -1 is unlimited."""

    ulimits: tuple[tuple[str, int, int], ...] = ()
    shm_size_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One process in its own namespaces over a root file system.

    `root_fd` is a detached mount that becomes `/`, writable if mounted so. `network` is default, none or host.
    `extra_hosts` are (name, address) pairs for /etc/hosts.
    `insecure` grants all capabilities, no seccomp, no masked paths, all devices.
    """

    root_fd: int
    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    cwd: str = "/"
    identity: Identity = Identity()
    hostname: str = "lithify"
    extra_hosts: tuple[tuple[str, str], ...] = ()
    network: str = "default"
    insecure: bool = False
    no_aslr: bool = True
    mounts: tuple[MountFd | TmpfsMount | FileMount, ...] = ()
    limits: Limits = Limits()
    #: A terminal: (rows, columns) allocates a pty whose master is returned by `start`.
    tty: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a process ended: `code` is 0-255, 128 + signal when `signal` is not 0."""

    code: int
    signal: int = 0
    max_rss_bytes: int = 0


class Process(Protocol):
    """A running sandboxed process."""

    @property
    def pty_master(self) -> int | None:
        """The master of the pty, if one was asked for; closed by `wait`."""

    def wait(self) -> ExitStatus:
        """Block until the process and all of its descendants are gone.

        Raises SandboxError when the sandbox could not be set up (the message names the operation)."""

    def kill(self) -> None:
        """Kill the whole tree; idempotent, returns at once; `wait` then returns signal 9."""

    def signal(self, number: int) -> None:
        """Send a signal to the first process."""


class Sandbox(Protocol):
    """A way to isolate processes. Thread-safe; many processes at a time."""

    def start(
        self, spec: RunSpec, *, stdin: int | None = None, stdout: int, stderr: int
    ) -> Process:
        """Start a process with these descriptors (None: /dev/null); descriptors stay the caller's.

        Mount points that had to be made (directories, empty files, and their missing parents) are removed
        after the process ended if they are still empty, and the times of their parents restored.
        Raises SandboxError."""

    def prepare(self, *, network: bool) -> None:
        """Begin what a first `start` would have to wait for; returns at once. Raises SandboxError."""

    def close(self) -> None:
        """Kill everything that still runs and release all resources; idempotent."""
