"""Owns the default seccomp profile: which system calls a sandboxed process is refused.

The profile is the one container engines share. It is kept as the table of what is *refused* below the
newest known call (everything above is answered ENOSYS, as by an older kernel, so that programs fall
back): on a closed range of numbers that says the same as an allow list, in a fifth of its length.
It refuses to depend on libseccomp: the filter is assembled here, in blocks that need no far jumps.
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

_LOAD_WORD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_GREATER = 0x25
_JUMP_GREATER_EQUAL = 0x35
_JUMP_SET = 0x45
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL_PROCESS = 0x80000000

_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4
_OFFSET_ARGUMENT_0 = 16

#: clone(2) flags that make namespaces.
_NAMESPACE_FLAGS = 0x7E020000
_PERSONALITIES = (0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_AF_VSOCK = 40
#: mseal, the newest call the profile knows; from 424 on numbers are the same everywhere.
_NEWEST = 462

#: name: numbers on x86_64, i386, aarch64, arm; None where the call does not exist.
_REFUSED: dict[str, tuple[int | None, int | None, int | None, int | None]] = {
    "_sysctl": (156, 149, None, 149),
    "acct": (163, 51, 89, 51),
    "add_key": (248, 286, 217, 309),
    "bdflush": (None, 134, None, 134),
    "bpf": (321, 357, 280, 386),
    "clock_settime": (227, 264, 112, 262),
    "clock_settime64": (None, 404, None, 404),
    "create_module": (174, 127, None, None),
    "delete_module": (176, 129, 106, 129),
    "fanotify_init": (300, 338, 262, 367),
    "finit_module": (313, 350, 273, 379),
    "get_kernel_syms": (177, 130, None, None),
    "get_mempolicy": (239, 275, 236, 320),
    "init_module": (175, 128, 105, 128),
    "ioperm": (173, 101, None, None),
    "iopl": (172, 110, None, None),
    "kcmp": (312, 349, 272, 378),
    "kexec_file_load": (320, None, 294, 401),
    "kexec_load": (246, 283, 104, 347),
    "keyctl": (250, 288, 219, 311),
    "lookup_dcookie": (212, 253, 18, 249),
    "mbind": (237, 274, 235, 319),
    "migrate_pages": (256, 294, 238, 400),
    "mount": (165, 21, 40, 21),
    "move_pages": (279, 317, 239, 344),
    "nfsservctl": (180, 169, 42, 169),
    "open_by_handle_at": (304, 342, 265, 371),
    "perf_event_open": (298, 336, 241, 364),
    "pivot_root": (155, 217, 41, 218),
    "query_module": (178, 167, None, None),
    "quotactl": (179, 131, 60, 131),
    "reboot": (169, 88, 142, 88),
    "request_key": (249, 287, 218, 310),
    "set_mempolicy": (238, 276, 237, 321),
    "setdomainname": (171, 121, 162, 121),
    "sethostname": (170, 74, 161, 74),
    "setns": (308, 346, 268, 375),
    "settimeofday": (164, 79, 170, 79),
    "stime": (None, 25, None, 25),
    "swapoff": (168, 115, 225, 115),
    "swapon": (167, 87, 224, 87),
    "sysfs": (139, 135, None, 135),
    "syslog": (103, 103, 116, 103),
    "umount": (None, 22, None, 22),
    "umount2": (166, 52, 39, 52),
    "unshare": (272, 310, 97, 337),
    "uselib": (134, 86, None, 86),
    "userfaultfd": (323, 374, 282, 388),
    "ustat": (136, 62, None, 62),
    "vhangup": (153, 111, 58, 111),
    "vm86": (None, 166, None, None),
    "vm86old": (None, 113, None, None),
    "vserver": (236, 273, None, 313),
}

#: Calls that have one number on every architecture: io_uring, the mount API, pidfd_getfd,
#: process_madvise, mount_setattr, quotactl_fd, set_mempolicy_home_node, statmount to lsm_list_modules.
_REFUSED_EVERYWHERE = frozenset(
    {*range(425, 434), 438, 440, 442, 443, 450, *range(457, 462)},
)


@dataclass(frozen=True, slots=True)
class _Architecture:
    """An audit architecture: its column of the table and the calls whose arguments are looked at."""

    audit: int
    column: int
    clone: int
    personality: int
    socket: int
    #: First of the calls outside the common numbering, all of which are allowed.
    private_from: int | None = None


_X86_64 = _Architecture(0xC000003E, 0, 56, 135, 41)
_I386 = _Architecture(0x40000003, 1, 120, 136, 359)
_AARCH64 = _Architecture(0xC00000B7, 2, 220, 92, 198)
_ARM = _Architecture(0x40000028, 3, 120, 136, 281, private_from=0xF0000)
_ARCHITECTURES = {"x86_64": (_X86_64, _I386), "aarch64": (_AARCH64, _ARM)}
_CLONE3 = 435

#: The machine names (as of uname) for which a profile exists.
MACHINES = tuple(_ARCHITECTURES)


def default_profile(machine: str) -> bytes:
    """The filter for a machine as an array of struct sock_filter. Raises KeyError."""
    code = _load(_OFFSET_ARCH)
    for architecture in _ARCHITECTURES[machine]:
        section = _section(architecture)
        length = len(section) // 8
        # Sections are longer than a conditional jump reaches, so an unconditional one leaps over.
        code += _jump(_JUMP_EQUAL, architecture.audit, 1, 0)
        code += struct.pack("=HBBI", 0x05, 0, 0, length) + section
    return code + _return(_KILL_PROCESS)


def _section(architecture: _Architecture) -> bytes:
    allowed = _return(_ALLOW)
    code = _load(_OFFSET_NUMBER)
    if architecture.private_from is not None:
        code += _when(_JUMP_GREATER_EQUAL, architecture.private_from, allowed)
    code += _when(_JUMP_GREATER, _NEWEST, _return(_ERRNO | errno.ENOSYS))
    code += _when(_JUMP_EQUAL, _CLONE3, _return(_ERRNO | errno.ENOSYS))
    refused = _return(_ERRNO | errno.EPERM)
    for first, last in _ranges(_refused_numbers(architecture)):
        if first == last:
            code += _when(_JUMP_EQUAL, first, refused)
        else:
            code += _jump(_JUMP_GREATER_EQUAL, first, 0, 2) + _jump(_JUMP_GREATER, last, 1, 0)
            code += refused
    clone = _load(_OFFSET_ARGUMENT_0) + _when(_JUMP_SET, _NAMESPACE_FLAGS, refused) + allowed
    code += _when(_JUMP_EQUAL, architecture.clone, clone)
    personality = _load(_OFFSET_ARGUMENT_0)
    for value in _PERSONALITIES:
        personality += _when(_JUMP_EQUAL, value, allowed)
    code += _when(_JUMP_EQUAL, architecture.personality, personality + refused)
    socket = _load(_OFFSET_ARGUMENT_0) + _when(_JUMP_EQUAL, _AF_VSOCK, refused) + allowed
    return code + _when(_JUMP_EQUAL, architecture.socket, socket) + allowed


def _refused_numbers(architecture: _Architecture) -> list[int]:
    column = (numbers[architecture.column] for numbers in _REFUSED.values())
    return sorted({number for number in column if number is not None} | _REFUSED_EVERYWHERE)


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for number in numbers:
        if result and result[-1][1] == number - 1:
            result[-1] = (result[-1][0], number)
        else:
            result.append((number, number))
    return result


def _jump(code: int, value: int, then: int, otherwise: int) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def _when(code: int, value: int, block: bytes) -> bytes:
    return _jump(code, value, 0, len(block) // 8) + block


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD_WORD, 0, 0, offset)


def _return(value: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, value)
