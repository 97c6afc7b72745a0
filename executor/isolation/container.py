"""Owns the path of a cloned child from new namespaces to execve.

The order is forced: mounts need all rights, the seccomp filter needs CAP_SYS_ADMIN because
no_new_privs stays unset, and identity comes last. It refuses to return: the process is replaced, or
ends after saying over the report socket which operation failed.
"""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import struct
from _socket import AF_INET, SOCK_DGRAM, sethostname, socket
from dataclasses import dataclass
from typing import Any, NoReturn

from lithify.executor.isolation import kernel, terminal, wire
from lithify.executor.isolation.rootfs import RootBuilder
from lithify.executor.syscalls import MOUNT_ATTR_NODEV, mount_setattr, move_mount

#: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
#: sys_chroot, mknod, audit_write, setfcap.
DEFAULT_CAPABILITIES = 0xA80425FB

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126
_SETUP_FAILED = 125
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the zygote prepared once for all children, besides the folders /root, /stage, /pantry.

    Those are opened anew by each child: a descriptor of the zygote's would lead into its namespace.
    """

    machine: str
    seccomp_program: bytes


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of one request."""

    stdio: tuple[int, int, int]
    root: int
    mounts: list[int]
    network: int | None


def run(
    request: dict[str, Any], fds: Descriptors, report: socket, surroundings: Surroundings
) -> NoReturn:
    """Become the requested process. Never returns, and never raises."""
    child = _Child(request, fds, report, surroundings)
    try:
        child.enter()
    except Exception as error:  # noqa: BLE001 - a bug must not unwind into the zygote's loop
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        what = getattr(error, "filename", None)
        detail = f"{what}: {reason}" if what and what != child.doing else reason
        number = getattr(error, "errno", None) or 0
        wire.send(report, {"error": f"{child.doing}: {detail}", "errno": number})
    os._exit(_SETUP_FAILED)


class _Child:
    def __init__(
        self,
        request: dict[str, Any],
        fds: Descriptors,
        report: socket,
        surroundings: Surroundings,
    ) -> None:
        self._request = request
        self._fds = fds
        self._report = report
        self._around = surroundings
        self.doing = "start"

    def enter(self) -> None:
        request = self._request
        self.doing = "make a session"
        os.setsid()
        os.umask(0o022)
        self._enter_network()
        self.doing = "set the hostname"
        sethostname(request["hostname"])
        self._build_root()
        self._connect_stdio()
        self.doing = "enter the root file system"
        kernel.pivot_root(self._around.machine)
        self._enter_directory()
        self._limit_resources()
        if request["no_aslr"]:
            self.doing = "switch off address space randomisation"
            kernel.disable_address_randomisation()
        self._reduce_privileges()
        self._execute()

    def _enter_network(self) -> None:
        network = self._request["network"]
        if self._fds.network is not None:
            self.doing = "enter the network namespace"
            kernel.setns(self._fds.network, kernel.CLONE_NEWNET)
        elif network == "none":
            self.doing = "bring up the loopback interface"
            with_flags = struct.pack("16sH22x", b"lo", _IFF_UP_RUNNING)
            control = socket(AF_INET, SOCK_DGRAM | os.O_CLOEXEC, 0)
            fcntl.ioctl(control.fileno(), _SIOCSIFFLAGS, with_flags)
            control.close()

    def _build_root(self) -> None:
        request = self._request
        root = self._fds.root
        self.doing = "attach the root file system"
        if not request["insecure"]:
            mount_setattr(root, set_attributes=MOUNT_ATTR_NODEV)
        place, stage, pantry = (
            os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            for name in ("/root", "/stage", "/pantry")
        )
        move_mount(root, place)
        builder = RootBuilder(root, pantry_fd=pantry, stage_fd=stage, insecure=request["insecure"])
        self.doing = "mount /proc, /sys and /dev"
        builder.mount_system(request["shm"])
        if request["tty"]:
            self.doing = "allocate a terminal"
            self._open_terminal(builder)
        self.doing = "mount"
        builder.mount_all(request["mounts"], self._fds.mounts)
        if builder.points.made:
            wire.send(self._report, {"stubs": builder.points.made})
        os.fchdir(root)

    def _open_terminal(self, builder: RootBuilder) -> None:
        rows, columns = self._request["tty"]
        master, slave = builder.add_terminal(rows, columns, self._request["identity"][0])
        wire.send(self._report, {"terminal": True}, [master])
        terminal.control(slave)
        self._fds = Descriptors(
            (slave, slave, slave), self._fds.root, self._fds.mounts, self._fds.network
        )

    def _connect_stdio(self) -> None:
        self.doing = "connect standard input and output"
        uid = self._request["identity"][0]
        for number, fd in enumerate(self._fds.stdio):
            if uid and stat.S_ISFIFO(os.fstat(fd).st_mode):
                # Opening /dev/stdout anew must work for the user, as if it had made the pipe.
                os.fchown(fd, uid, -1)
            os.dup2(fd, number)

    def _enter_directory(self) -> None:
        cwd = self._request["cwd"]
        self.doing = f"enter the directory {cwd}"
        try:
            os.chdir(cwd)
        except FileNotFoundError:
            os.makedirs(cwd, 0o755, exist_ok=True)
            os.chdir(cwd)

    def _limit_resources(self) -> None:
        for number, soft, hard in self._request["rlimits"]:
            self.doing = f"set resource limit {number}"
            try:
                resource.setrlimit(number, (soft, hard))
            except (PermissionError, ValueError):
                # Without CAP_SYS_RESOURCE the hard limit stays; as much as possible is granted.
                _, ceiling = resource.getrlimit(number)
                soft = ceiling if soft == resource.RLIM_INFINITY else soft
                if ceiling != resource.RLIM_INFINITY:
                    soft = min(soft, ceiling)
                resource.setrlimit(number, (soft, ceiling))

    def _reduce_privileges(self) -> None:
        request, machine = self._request, self._around.machine
        uid, gid, groups = request["identity"]
        if not request["insecure"]:
            self.doing = "limit capabilities"
            kernel.bound_capabilities(DEFAULT_CAPABILITIES)
            self.doing = "install the seccomp filter"
            kernel.install_seccomp(self._around.seccomp_program)
        self.doing = "set the identity"
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if not request["insecure"] or uid:
            self.doing = "set capabilities"
            kernel.set_capabilities(machine, 0 if uid else DEFAULT_CAPABILITIES)

    def _execute(self) -> NoReturn:
        argv = [os.fsencode(argument) for argument in self._request["argv"]]
        env = {os.fsencode(name): os.fsencode(value) for name, value in self._request["env"]}
        kernel.close_on_exec_from(3)
        denied: OSError | None = None
        for path in _candidates(argv[0], env.get(b"PATH", DEFAULT_PATH.encode())):
            try:
                os.execve(path, argv, env)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                denied = denied or error
        name = os.fsdecode(argv[0])
        if denied is None:
            _give_up(_NOT_FOUND, f'exec: "{name}": no such file, or its interpreter is missing')
        _give_up(_NOT_EXECUTABLE, f'exec: "{name}": {(denied.strerror or "failed").lower()}')


def _candidates(name: bytes, path: bytes) -> list[bytes]:
    if b"/" in name:
        return [name]
    return [(directory or b".") + b"/" + name for directory in path.split(b":")] if name else []


def _give_up(status: int, message: str) -> NoReturn:
    try:
        os.write(2, os.fsencode(message) + b"\n")
    finally:
        os._exit(status)
