"""The parts that need no privileges: the filter, the texts of /etc, messages, stub layers, backends."""

from __future__ import annotations

import errno
import operator
import os
import socket
import struct
from pathlib import Path

import pytest

from lithify.errors import SandboxError
from lithify.executor.isolation import seccomp, wire
from lithify.executor.isolation.backends import BACKENDS, open_sandbox
from lithify.executor.isolation.etc import hosts_text, resolv_text
from lithify.executor.isolation.ports import Limits, RunSpec
from lithify.executor.isolation.request import encode_request
from lithify.executor.isolation.stubs import remove_stubs, write_stub_layer

_X86_64, _I386, _AARCH64, _ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
_ALLOW = "allow"


_TESTS = {0x15: operator.eq, 0x25: operator.gt, 0x35: operator.ge, 0x45: operator.and_}


def _verdict(program: bytes, arch: int, number: int, argument: int = 0) -> str:
    """Interpret a classic BPF program over a struct seccomp_data."""
    data = struct.pack("=IIQQ", number, arch, 0, argument) + bytes(40)
    at = accumulator = 0
    while True:
        code, then, otherwise, value = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x05:
            at += value
        elif code == 0x06:
            return _name(value)
        else:
            at += then if _TESTS[code](accumulator, value) else otherwise


def _name(result: int) -> str:
    if result == 0x7FFF0000:
        return _ALLOW
    return errno.errorcode[result & 0xFFFF] if result >> 16 == 5 else f"{result:#x}"


@pytest.mark.parametrize(
    ("machine", "arch", "number", "argument", "expected"),
    [
        ("x86_64", _X86_64, 0, 0, _ALLOW),
        ("x86_64", _X86_64, 165, 0, "EPERM"),
        ("x86_64", _X86_64, 272, 0, "EPERM"),
        ("x86_64", _X86_64, 161, 0, _ALLOW),
        ("x86_64", _X86_64, 435, 0, "ENOSYS"),
        ("x86_64", _X86_64, 425, 0, "EPERM"),
        ("x86_64", _X86_64, 434, 0, _ALLOW),
        ("x86_64", _X86_64, 462, 0, _ALLOW),
        ("x86_64", _X86_64, 463, 0, "ENOSYS"),
        ("x86_64", _X86_64, 0x40000000, 0, "ENOSYS"),
        ("x86_64", _X86_64, 56, 0x11, _ALLOW),
        ("x86_64", _X86_64, 56, 0x10000000 | 0x11, "EPERM"),
        ("x86_64", _X86_64, 135, 0, _ALLOW),
        ("x86_64", _X86_64, 135, 0xFFFFFFFF, _ALLOW),
        ("x86_64", _X86_64, 135, 0x0040000, "EPERM"),
        ("x86_64", _X86_64, 41, 2, _ALLOW),
        ("x86_64", _X86_64, 41, 40, "EPERM"),
        ("x86_64", _I386, 21, 0, "EPERM"),
        ("x86_64", _I386, 165, 0, _ALLOW),
        ("x86_64", _ARM, 0, 0, "0x80000000"),
        ("aarch64", _AARCH64, 40, 0, "EPERM"),
        ("aarch64", _AARCH64, 165, 0, _ALLOW),
        ("aarch64", _AARCH64, 220, 0x20000, "EPERM"),
        ("aarch64", _ARM, 337, 0, "EPERM"),
        ("aarch64", _ARM, 0xF0005, 0, _ALLOW),
        ("aarch64", _X86_64, 0, 0, "0x80000000"),
    ],
)
def test_the_filter_decides_by_architecture_number_and_argument(
    machine: str, arch: int, number: int, argument: int, expected: str
) -> None:
    assert _verdict(seccomp.default_profile(machine), arch, number, argument) == expected


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_filters_fit_the_kernels_limit(machine: str) -> None:
    program = seccomp.default_profile(machine)
    assert len(program) % 8 == 0
    assert len(program) // 8 <= 4096


def test_hosts_list_the_host_name_and_further_names() -> None:
    assert hosts_text("h", (("db", "192.0.2.7"),)).splitlines() == [
        "127.0.0.1\tlocalhost h",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "192.0.2.7\tdb",
    ]


def _resolv(tmp_path: Path, text: str, upstream: str | None = None, *, host: bool = False) -> str:
    resolv, stub = tmp_path / "resolv.conf", tmp_path / "upstream"
    resolv.write_text(text)
    if upstream is not None:
        stub.write_text(upstream)
    return resolv_text(shares_host_network=host, resolv=resolv, upstream=stub)


def test_servers_on_loopback_are_replaced_by_what_is_behind_them(tmp_path: Path) -> None:
    text = "nameserver 127.0.0.53\nsearch corp.example\noptions edns0\n"
    behind = "nameserver 192.0.2.53\n"
    assert _resolv(tmp_path, text, behind) == "search corp.example\noptions edns0\n" + behind
    assert _resolv(tmp_path, text, behind, host=True) == text


def test_real_servers_are_kept_and_none_at_all_gets_public_ones(tmp_path: Path) -> None:
    mixed = "nameserver 127.0.0.1\nnameserver ::1\nnameserver 192.0.2.1\n"
    assert _resolv(tmp_path, mixed) == "nameserver 192.0.2.1\n"
    assert "nameserver 8.8.8.8" in _resolv(tmp_path, "nameserver ::1\n")
    assert "nameserver" in resolv_text(
        shares_host_network=False, resolv=tmp_path / "none", upstream=tmp_path / "none"
    )


def test_messages_carry_values_and_descriptors_of_any_size() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read_end, write_end = os.pipe()
    for size in (0, 10, 50_000, 5_000_000):
        wire.send(left, {"content": b"x" * size, "odd": "\udcff"}, [write_end])
        received = wire.receive(right)
        assert received is not None
        message, fds = received
        assert message == {"content": b"x" * size, "odd": "\udcff"}
        assert len(fds) == 1
        assert not os.get_inheritable(fds[0])
        os.close(fds[0])
    left.close()
    assert wire.receive(right) is None
    right.close()
    os.close(read_end)
    os.close(write_end)


def test_a_stub_layer_is_the_same_whenever_it_is_written(tmp_path: Path) -> None:
    layers = [tmp_path / "a", tmp_path / "b"]
    for layer in layers:
        layer.mkdir()
        write_stub_layer(layer, directories=("x/y",), files=("x/z",), time_ns=10**9)
        write_stub_layer(layer, directories=("x/y",), files=("x/z",), time_ns=10**9)
    states = [
        [
            (str(path.relative_to(layer)), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in sorted(layer.rglob("*"))
        ]
        for layer in layers
    ]
    assert states[0] == states[1]
    assert {state[2] for state in states[0]} == {10**9}
    assert {"etc/hosts", "etc/resolv.conf", "proc", "sys", "dev", "x/y", "x/z"} <= {
        state[0] for state in states[0]
    }


def test_only_empty_stubs_are_removed_and_never_through_symlinks(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    for folder in (outside / "d", root / "empty" / "deep", root / "full"):
        folder.mkdir(parents=True)
    (root / "full" / "f").write_text("")
    (root / "data").write_text("data")
    (root / "link").symlink_to(outside)
    os.utime(root, ns=(5, 5))
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY)
    made = [("empty", True), ("empty/deep", True), ("full", True), ("data", False)]
    remove_stubs(fd, [*made, ("link/d", True), ("gone/x", True)])
    os.close(fd)
    assert sorted(path.name for path in root.iterdir()) == ["data", "full", "link"]
    assert (outside / "d").is_dir()
    assert root.stat().st_mtime_ns == 5


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SandboxError) as caught:
        open_sandbox("jail", print)
    assert all(name in caught.value.hint for name in BACKENDS)


@pytest.mark.parametrize("kind", ["auto", *BACKENDS])
def test_backends_open_without_starting_anything(kind: str) -> None:
    sandbox = open_sandbox(kind, print)
    sandbox.close()
    sandbox.close()


def test_requests_need_a_command_and_known_limits() -> None:
    with pytest.raises(SandboxError, match="no command"):
        encode_request(RunSpec(3, (), ()), "none")
    limits = Limits(ulimits=(("bogus", 1, 1),))
    with pytest.raises(SandboxError, match="bogus"):
        encode_request(RunSpec(3, ("true",), (), limits=limits), "none")
