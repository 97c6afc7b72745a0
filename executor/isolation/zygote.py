"""Owns the zygote: the small single-threaded process that clones every sandboxed process.

It exists because forking a large, threaded process is slow and unsafe. It is process 1 of its own PID
namespace: when it dies, for whatever reason, the kernel kills everything it started, so a killed build
leaves nothing behind. It refuses to decide anything: requests arrive complete (see `wire`).
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
from _socket import AF_UNIX, SOCK_SEQPACKET, socket
from typing import Any, NoReturn

from lithify.executor.isolation import container, kernel, rootfs, seccomp, wire
from lithify.executor.syscalls import (
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    mount_setattr,
    move_mount,
)

_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
)


def main(control_fd: int) -> NoReturn:
    """Serve requests until the other end of the socket closes."""
    control = socket(AF_UNIX, SOCK_SEQPACKET, 0, control_fd)
    try:
        _become_first_process(control)
        around = _prepare()
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        wire.send(control, {"error": what, "errno": error.errno or 0})
        os._exit(1)
    gc.collect()
    gc.freeze()
    gc.disable()
    wire.send(control, {"ready": True})
    _Server(control, around).serve()


def _become_first_process(control: socket) -> None:
    """Continue as process 1 of a PID namespace, still a child of the main process."""
    os.setsid()
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID | kernel.CLONE_PARENT
    pid, pidfd = kernel.clone3(flags, exit_signal=0)
    if pid:
        wire.send(control, {"zygote": pid}, [pidfd])
        os._exit(0)


def _prepare() -> container.Surroundings:
    """Leave the host's file system for a tiny one of our own, which all children copy."""
    machine = os.uname().machine
    if machine not in seccomp.MACHINES:
        raise OSError(errno.ENOTSUP, "no system call filter for this machine", machine)
    kernel.reset_signals(machine)
    os.umask(0o022)
    program = seccomp.default_profile(machine)
    kernel.mount(b"none", b"/", b"", kernel.MS_REC | kernel.MS_PRIVATE)
    base = rootfs.new_mount("tmpfs", {"mode": "700"}, rootfs.STRICT)
    for name in ("root", "stage", "pantry"):
        os.mkdir(name, dir_fd=base)
    host = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    move_mount(base, host)
    os.close(host)
    os.fchdir(base)
    kernel.pivot_root(machine)
    _stock_pantry()
    mount_setattr(base, set_attributes=MOUNT_ATTR_RDONLY)
    os.close(base)
    return container.Surroundings(machine, program)


def _stock_pantry() -> None:
    """Attach a read-only mount with the device nodes and the empty directory that containers bind."""
    pantry = rootfs.new_mount("tmpfs", {"mode": "755"}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
    os.mkdir("empty", dir_fd=pantry)
    for name, (major, minor) in rootfs.DEVICES.items():
        os.mknod(name, 0o666 | 0o020000, os.makedev(major, minor), dir_fd=pantry)
        os.chmod(name, 0o666, dir_fd=pantry)
    mount_setattr(pantry, set_attributes=MOUNT_ATTR_RDONLY)
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    place = os.open("/pantry", flags)
    move_mount(pantry, place)
    os.close(place)
    os.close(pantry)


class _Server:
    def __init__(self, control: socket, around: container.Surroundings) -> None:
        self._control = control
        self._around = around
        self._poll = select.epoll()
        self._poll.register(control.fileno(), select.EPOLLIN)
        self._running: dict[int, tuple[int, socket]] = {}

    def serve(self) -> NoReturn:
        while True:
            for fd, _ in self._poll.poll():
                if fd != self._control.fileno():
                    self._finish(fd)
                    continue
                message = wire.receive(self._control)
                if message is None:
                    os._exit(0)
                self._start(*message)

    def _start(self, request: dict[str, Any], fds: list[int]) -> None:
        report = socket(AF_UNIX, SOCK_SEQPACKET, 0, fds.pop(0))
        namespaces = _NAMESPACES
        if request["network"] == "none":
            namespaces |= kernel.CLONE_NEWNET
        try:
            pid, pidfd = kernel.clone3(namespaces, exit_signal=signal.SIGCHLD)
        except OSError as error:
            self._tell(report, {"error": f"clone3: {error.strerror}", "errno": error.errno})
            report.close()
        else:
            if not pid:
                network = fds.pop() if request["network"] == "pooled" else None
                descriptors = container.Descriptors(
                    (fds[0], fds[1], fds[2]), fds[3], fds[4:], network
                )
                container.run(request, descriptors, report, self._around)
            self._tell(report, {"started": pid}, [pidfd])
            self._running[pidfd] = (pid, report)
            self._poll.register(pidfd, select.EPOLLIN)
        for fd in fds:
            os.close(fd)

    def _finish(self, pidfd: int) -> None:
        pid, report = self._running.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        self._tell(report, {"status": status, "max_rss_bytes": usage.ru_maxrss * 1024})
        report.close()

    def _tell(self, report: socket, message: dict[str, Any], fds: list[int] | None = None) -> None:
        try:
            wire.send(report, message, fds)
        except OSError:
            # Nobody waits for this process any more; its end is all that matters.
            pass
