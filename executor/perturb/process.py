"""Owns the perturbation of a process: host name, clocks of the machine, processors, umask, as seen by all it starts.

It is applied by a process to itself before it builds, in namespaces of its own, so that nothing outside changes. What
cannot be done here is said, not skipped in silence. It refuses to touch the clock on the wall: Linux has no namespace
for it, and changing the machine's is nobody's right.

Specification: time_namespaces(7), uts_namespaces(7), sched_setaffinity(2).
"""

from __future__ import annotations

import ctypes
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLONE_NEWUTS = 0x04000000
_CLONE_NEWTIME = 0x00000080
#: Time and host name namespaces take away nothing that a build needs.
_OFFSETS = "/proc/self/timens_offsets"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What a process makes different about itself. `uptime_s` is added to the clocks that count from the boot."""

    host_name: str
    uptime_s: int
    umask: int
    processors: int


@dataclass(frozen=True, slots=True)
class Applied:
    """One property of the surroundings: what it was made, or why it could not be (`reason`)."""

    name: str
    value: str
    reason: str = ""


def disturb(wanted: Disturbance) -> tuple[Applied, ...]:
    """Make this process and all it will start live in other surroundings; tells what was possible."""
    os.umask(wanted.umask)
    return (
        Applied("umask", f"{wanted.umask:04o}"),
        _try("host name", wanted.host_name, lambda: _rename(wanted.host_name)),
        _try("uptime", f"+{wanted.uptime_s // 86400} days", lambda: _age(wanted.uptime_s)),
        _try("processors", str(wanted.processors), lambda: _confine(wanted.processors)),
    )


def _try(name: str, value: str, action: Callable[[], None]) -> Applied:
    try:
        action()
    except OSError as error:
        return Applied(name, value, (error.strerror or str(error)).lower())
    return Applied(name, value)


def _unshare(flag: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flag):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _rename(name: str) -> None:
    _unshare(_CLONE_NEWUTS)
    socket.sethostname(name)


def _age(seconds: int) -> None:
    """Move the clocks of processes that are started from now on; offsets can be set before the first."""
    _unshare(_CLONE_NEWTIME)
    with open(_OFFSETS, "w", encoding="ascii") as file:
        file.write(f"monotonic {seconds} 0\nboottime {seconds} 0\n")


def _confine(count: int) -> None:
    here = sorted(os.sched_getaffinity(0))
    if len(here) <= count:
        raise OSError(0, f"there are only {len(here)} processors")
    os.sched_setaffinity(0, here[-count:])
