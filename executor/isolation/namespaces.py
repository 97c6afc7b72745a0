"""Owns the privileged sandbox: processes in fresh Linux namespaces, started through the zygote.

The main process keeps no thread for it: each process has a socket of its own, on which the zygote
reports. It refuses to run without root's rights in the initial sense (CAP_SYS_ADMIN and friends).
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from lithify.errors import SandboxError
from lithify.executor.isolation import companion, wire
from lithify.executor.isolation.netpool import NetworkPool
from lithify.executor.isolation.ports import ExitStatus
from lithify.executor.isolation.request import encode_request
from lithify.executor.isolation.stubs import remove_stubs

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.executor.isolation.ports import RunSpec

_PRIVILEGE_HINT = (
    "run as root with CAP_SYS_ADMIN (in a container: --privileged), or choose another --isolation"
)


class NamespaceProcess:
    """A process in its own namespaces; implements the Process port."""

    def __init__(
        self, report: socket.socket, root_fd: int, on_end: Callable[[NamespaceProcess], None]
    ) -> None:
        self._report = report
        self._root = os.dup(root_fd)
        self._on_end = on_end
        self._lock = threading.Lock()
        self._waiting = threading.Lock()
        self._pidfd: int | None = None
        self._master: int | None = None
        self._killed = False
        self._is_released = False
        self._stubs: list[tuple[str, bool]] = []
        self._error: SandboxError | None = None
        self._status: ExitStatus | None = None

    @property
    def pty_master(self) -> int | None:
        """The master of the pty, if one was asked for; closed by `wait`."""
        return self._master

    def await_start(self, *, terminal: bool) -> None:
        """Take the pidfd, and the pty's master, which come first. Raises SandboxError."""
        while self._pidfd is None or (terminal and self._master is None):
            if not self._take_report():
                raise self._error or SandboxError("the sandbox's process server died")

    def wait(self) -> ExitStatus:
        """See Process.wait."""
        with self._waiting:
            while self._status is None and not self._is_released and self._take_report():
                continue
            self.release()
        if self._error is not None:
            raise self._error
        if self._status is None:
            if not self._killed:
                raise SandboxError("the sandbox's process server died")
            self._status = ExitStatus(128 + signal.SIGKILL, signal.SIGKILL)
        return self._status

    def kill(self) -> None:
        """See Process.kill."""
        self._killed = True
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """See Process.signal."""
        with self._lock:
            if self._pidfd is None:
                return
            try:
                signal.pidfd_send_signal(self._pidfd, number)
            except ProcessLookupError:
                return

    def resize(self, rows: int, columns: int) -> None:
        """Set the terminal's size in character cells, if there is one."""
        from lithify.executor.isolation import terminal

        with self._lock:
            if self._master is not None:
                terminal.resize(self._master, rows, columns)

    def _take_report(self) -> bool:
        """Handle one message of the zygote or the child; whether there was one."""
        received = wire.receive(self._report)
        if received is None:
            return False
        message, fds = received
        if "started" in message:
            self._pidfd = fds[0]
        elif "terminal" in message:
            self._master = fds[0]
        elif "stubs" in message:
            self._stubs = message["stubs"]
        elif "error" in message:
            self._error = sandbox_error(message)
        else:
            self._status = exit_status(message["status"], message["max_rss_bytes"])
        return True

    def release(self) -> None:
        """Remove stubs and close descriptors, once the process is gone; idempotent."""
        with self._lock:
            if self._is_released:
                return
            self._is_released = True
            remove_stubs(self._root, self._stubs)
            for fd in (self._pidfd, self._master, self._root):
                if fd is not None:
                    os.close(fd)
            self._pidfd = self._master = None
            self._report.close()
        self._on_end(self)


class NamespaceSandbox:
    """Isolation by namespaces, seccomp and capabilities; needs root. Implements the Sandbox port.

    `on_notice` receives texts for the user, such as that the network is the host's after all.
    """

    def __init__(self, on_notice: Callable[[str], None]) -> None:
        self._on_notice = on_notice
        self._lock = threading.Lock()
        self._zygote: _Zygote | None = None
        self._network: NetworkPool | None = None
        self._processes: set[NamespaceProcess] = set()
        self._is_closed = False

    def prepare(self, *, network: bool) -> None:
        """Start the companion processes early, without waiting for them; optional and idempotent.

        `network` says whether a process with the default network is to be expected.
        """
        self._use_zygote()
        if network:
            self._use_network()

    def start(
        self, spec: RunSpec, *, stdin: int | None = None, stdout: int, stderr: int
    ) -> NamespaceProcess:
        """See Sandbox.start."""
        zygote = self._use_zygote()
        zygote.await_ready()
        mode, namespace = self._choose_network(spec.network)
        try:
            request, mount_fds = encode_request(spec, mode)
        except SandboxError:
            self._give_back(namespace, unchanged=True)
            raise
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        on_end = partial(self._finish, namespace, spec.insecure)
        process = NamespaceProcess(ours, spec.root_fd, on_end)
        with self._lock:
            self._processes.add(process)
        fds = [spec.root_fd, *mount_fds, *(() if namespace is None else (namespace,))]
        try:
            with theirs, open(os.devnull, "r+b", buffering=0) as null:
                stdio = [null.fileno() if stdin is None else stdin, stdout, stderr]
                zygote.send(request, [theirs.fileno(), *stdio, *fds])
            process.await_start(terminal=spec.tty is not None)
        except SandboxError:
            process.release()
            raise
        return process

    def close(self) -> None:
        """See Sandbox.close."""
        with self._lock:
            self._is_closed = True
            zygote, self._zygote = self._zygote, None
            network, self._network = self._network, None
            processes = list(self._processes)
        for process in processes:
            process.kill()
        if zygote is not None:
            zygote.close()
        if network is not None:
            network.close()

    def _use_zygote(self) -> _Zygote:
        with self._lock:
            if self._is_closed:
                raise SandboxError("start a process: the sandbox is closed")
            if self._zygote is None:
                self._zygote = _Zygote()
            return self._zygote

    def _use_network(self) -> NetworkPool:
        with self._lock:
            if self._network is None:
                self._network = NetworkPool(self._on_notice)
            return self._network

    def _choose_network(self, mode: str) -> tuple[str, int | None]:
        """The zygote's mode and a namespace of the pool, which `_finish` gives back."""
        if mode not in ("default", "none", "host"):
            raise SandboxError(f"unknown network mode {mode!r}")
        if mode != "default":
            return mode, None
        namespace = self._use_network().take()
        return ("host", None) if namespace is None else ("pooled", namespace)

    def _finish(self, namespace: int | None, insecure: bool, process: NamespaceProcess) -> None:
        with self._lock:
            self._processes.discard(process)
        self._give_back(namespace, unchanged=not insecure)

    def _give_back(self, namespace: int | None, *, unchanged: bool) -> None:
        if namespace is None:
            return
        with self._lock:
            network = self._network
        if network is None:
            os.close(namespace)
        else:
            network.give_back(namespace, unchanged=unchanged)


class _Zygote:
    """The main process's end of the zygote. Raises SandboxError when it can't run here."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise SandboxError("isolate a process: not root", hint=_PRIVILEGE_HINT)
        self._control, self._launcher = companion.spawn("zygote")
        self._lock = threading.Lock()
        self._is_ready = False
        self._pid = 0
        self._pidfd: int | None = None

    def await_ready(self) -> None:
        """Block until requests are served. Raises SandboxError."""
        with self._lock:
            while not self._is_ready:
                received = wire.receive(self._control)
                if received is None:
                    raise SandboxError("the sandbox's process server did not start")
                message, fds = received
                if "error" in message:
                    raise sandbox_error(message)
                if fds:
                    self._pid, self._pidfd = message["zygote"], fds[0]
                else:
                    self._is_ready = True

    def send(self, request: dict[str, Any], fds: list[int]) -> None:
        """Ask for a process. Raises SandboxError."""
        if len(fds) >= wire.MAX_FDS:
            raise SandboxError(f"{len(fds)} descriptors are too many for one process")
        try:
            wire.send(self._control, request, fds)
        except OSError as error:
            raise SandboxError(f"start a process in the sandbox: {error.strerror}") from error

    def close(self) -> None:
        """End the zygote and with it everything it started; returns when all is gone."""
        with suppress(SandboxError):
            self.await_ready()
        self._control.close()
        os.waitpid(self._launcher, 0)
        if self._pidfd is not None:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            os.close(self._pidfd)


def sandbox_error(message: dict[str, Any]) -> SandboxError:
    """The error a zygote reported; lack of a privilege gets a hint."""
    denied = message["errno"] in (1, 13)
    return SandboxError(
        f"set up the sandbox: {message['error']}", hint=_PRIVILEGE_HINT if denied else ""
    )


def exit_status(status: int, max_rss_bytes: int) -> ExitStatus:
    """An ExitStatus of a wait(2) status."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return ExitStatus(128 - code, -code, max_rss_bytes)
    return ExitStatus(code, 0, max_rss_bytes)
