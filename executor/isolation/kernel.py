"""Owns the raw system calls that make and enter a container: clone3, pivot_root, capabilities.

They are apart from the file system calls of `lithify.executor.syscalls` because only the zygote needs
them. It refuses policy: which namespaces, capabilities or filters is for the callers to say.
"""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_PARENT = 0x00008000
_CLONE_PIDFD = 0x00001000

MS_REC = 0x4000
MS_PRIVATE = 0x40000
MNT_DETACH = 2

_ADDR_NO_RANDOMIZE = 0x0040000
_PR_CAPBSET_READ = 23
_PR_CAPBSET_DROP = 24
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
_CLOSE_RANGE_CLOEXEC = 4

_SYS_CLONE3 = 435
_SYS_CLOSE_RANGE = 436
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYS_RT_SIGACTION = {"x86_64": 13, "aarch64": 134}
_SIGSET_BYTES = 8
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91}


class _CloneArgs(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            *("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size"),
            *("tls", "set_tid", "set_tid_size", "cgroup"),
        )
    ]


class _SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _check(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)
    return result


def _syscall(what: str, number: int, *args: object) -> int:
    return _check(_libc.syscall(ctypes.c_long(number), *args), what)


def clone3(flags: int, *, exit_signal: int) -> tuple[int, int]:
    """Fork with new namespaces: (pid, pidfd) in the parent, (0, -1) in the child.

    The caller must be single-threaded; the child must end in execve or os._exit. Raises OSError.
    """
    pidfd = ctypes.c_int(-1)
    args = _CloneArgs(
        flags=flags | _CLONE_PIDFD, pidfd=ctypes.addressof(pidfd), exit_signal=exit_signal
    )
    size = ctypes.c_size_t(ctypes.sizeof(args))
    pid = _syscall("clone3", _SYS_CLONE3, ctypes.byref(args), size)
    return pid, pidfd.value if pid else -1


def reset_signals(machine: str) -> None:
    """Give every signal its default disposition, libc's internal ones included.

    Ignored signals survive execve, and spawning through libc leaves some ignored."""
    action = (ctypes.c_uint64 * 4)()
    size = ctypes.c_size_t(_SIGSET_BYTES)
    for number in range(1, 65):
        # SIGKILL and SIGSTOP refuse, and have no other disposition to begin with.
        _libc.syscall(
            ctypes.c_long(_SYS_RT_SIGACTION[machine]), number, ctypes.byref(action), None, size
        )


def mount(source: bytes, target: bytes, kind: bytes, flags: int, data: bytes = b"") -> None:
    """mount(2); paths are resolved in the caller's root."""
    result = _libc.mount(source, target, kind, ctypes.c_ulong(flags), data or None)
    _check(result, f"mount {os.fsdecode(target)}")


def umount(target: bytes, flags: int) -> None:
    """umount2(2)."""
    _check(_libc.umount2(target, flags), f"umount {os.fsdecode(target)}")


def pivot_root(machine: str) -> None:
    """Make the working directory the root and drop the old root from the mount namespace."""
    _syscall("pivot_root", _SYS_PIVOT_ROOT[machine], b".", b".")
    umount(b".", MNT_DETACH)


def unshare(kinds: int) -> None:
    """Leave namespaces for new ones."""
    _check(_libc.unshare(kinds), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter a namespace."""
    _check(_libc.setns(fd, kind), "setns")


def close_on_exec_from(first: int) -> None:
    """Mark every descriptor from `first` on to be closed by execve."""
    _syscall(
        "close_range",
        _SYS_CLOSE_RANGE,
        ctypes.c_uint(first),
        ctypes.c_uint(0xFFFFFFFF),
        ctypes.c_uint(_CLOSE_RANGE_CLOEXEC),
    )


def disable_address_randomisation() -> None:
    """Lay out memory alike in every run; inherited over execve."""
    _check(_libc.personality(ctypes.c_ulong(_ADDR_NO_RANDOMIZE)), "personality")


def bound_capabilities(keep: int) -> None:
    """Drop every capability outside the mask `keep` from the bounding set."""
    for number in range(64):
        if keep >> number & 1:
            continue
        if _libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0) < 0:
            return
        _check(_libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0), "drop capability")


def set_capabilities(machine: str, mask: int) -> None:
    """Make `mask` the permitted and effective set and empty the inheritable one."""
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)
    _syscall("capset", _SYS_CAPSET[machine], ctypes.byref(header), ctypes.byref(data))


def install_seccomp(program: bytes) -> None:
    """Install a BPF filter without setting no_new_privs: needs CAP_SYS_ADMIN."""
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = _SockFprog(len(program) // 8, ctypes.addressof(code))
    result = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_), 0, 0)
    _check(result, "seccomp")
