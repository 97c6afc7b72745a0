"""What a sandboxed process sees and may do: rights, /proc, /dev, names, limits of shared memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lithify.executor.isolation.ports import Identity, Limits

pytestmark = pytest.mark.root
Run = Any

_DEFAULT = "00000000a80425fb"
_NONE = "0000000000000000"


def _status(run: Run, **spec: Any) -> dict[str, str]:
    output = run("cat /proc/self/status", **spec).output
    pairs = (line.split(":", 1) for line in output.splitlines())
    return {name: value.strip() for name, value in pairs}


def test_root_has_exactly_the_default_capabilities(run: Run) -> None:
    status = _status(run)
    sets = [status[f"Cap{kind}"] for kind in ("Prm", "Eff", "Bnd", "Inh", "Amb")]
    assert sets == [_DEFAULT, _DEFAULT, _DEFAULT, _NONE, _NONE]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("0", "2")


def test_users_have_no_capabilities_but_the_same_bounding_set(run: Run) -> None:
    status = _status(run, identity=Identity(33, 33))
    sets = [status[f"Cap{kind}"] for kind in ("Prm", "Eff", "Bnd", "Inh", "Amb")]
    assert sets == [_NONE, _NONE, _DEFAULT, _NONE, _NONE]
    assert status["NoNewPrivs"] == "0"


def test_insecure_has_all_rights_and_devices_and_no_filter(run: Run) -> None:
    status = _status(run, insecure=True)
    own = Path("/proc/self/status").read_text()
    assert f"CapBnd:\t{status['CapBnd']}" in own
    assert (status["CapEff"], status["Seccomp"]) == (status["CapBnd"], "0")
    script = "ls /dev; echo x > /proc/sys/kernel/hostname && hostname; mknod /n c 1 3; echo > /n"
    outcome = run(script, insecure=True)
    assert outcome.code == 0
    assert {"fuse", "kvm", "loop-control", "loop0", "kmsg", "x"} <= set(outcome.output.split())


def test_namespaces_and_mounts_are_refused(run: Run) -> None:
    script = "for c in 'unshare -m true' 'unshare -U true' 'mount -t tmpfs x /tmp'; do $c; done"
    outcome = run(script)
    assert outcome.code != 0
    assert outcome.output.count("Operation not permitted") + outcome.output.count("denied") == 3


def test_proc_sys_is_read_only_and_secrets_of_the_host_are_masked(run: Run) -> None:
    script = (
        "echo 1 > /proc/sys/kernel/panic; touch /sys/x;"
        " cat /proc/timer_list /proc/keys /proc/interrupts; ls /sys/firmware /proc/acpi; true"
    )
    lines = run(script).output.splitlines()
    assert len([line for line in lines if "Read-only" in line]) == 2
    assert [line for line in lines if line and "Read-only" not in line] == [
        "/proc/acpi:",
        "/sys/firmware:",
    ]


def test_the_usual_devices_work_and_others_are_dead(world: Any) -> None:
    script = (
        "echo x > /dev/null; head -c 2 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c;"
        " echo x > /dev/full; mknod /null c 1 3 && mknod /dev/disk b 254 0 && echo made;"
        " cat /dev/disk; echo x > /null; rm /dev/disk; ls /dev"
    )
    outcome = world.run(script)
    lines = outcome.output.splitlines()
    assert lines[:2] == ["2", "2"]
    assert "No space left" in lines[2]
    assert lines[3] == "made"
    assert all("ermission denied" in line for line in lines[4:6])
    names = "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert lines[6:] == names.split()
    assert outcome.changed == ["null"]


def test_dev_fd_leads_to_the_process_own_descriptors(run: Run) -> None:
    assert run("echo hi | cat /dev/stdin /dev/fd/0").output == "hi\n"


def test_hostname_and_hosts_are_as_asked(run: Run) -> None:
    outcome = run(
        "hostname; cat /etc/hostname /etc/hosts; echo x >> /etc/hosts",
        hostname="box",
        extra_hosts=(("db.invalid", "192.0.2.7"),),
    )
    lines = outcome.output.splitlines()
    assert lines[:2] == ["box", "box"]
    assert lines[2].split() == ["127.0.0.1", "localhost", "box"]
    assert lines[3].split() == ["::1", "localhost", "ip6-localhost", "ip6-loopback"]
    assert lines[4].split() == ["192.0.2.7", "db.invalid"]
    assert "Read-only" in lines[5]
    assert outcome.changed == []


def test_shared_memory_has_the_size_asked_for(run: Run) -> None:
    script = "df -k /dev/shm | tail -1 | awk '{print $2}'"
    assert run(script).output == "65536\n"
    assert run(script, limits=Limits(shm_size_bytes=8 << 20)).output == "8192\n"


def test_an_isolated_network_has_a_working_loopback_only(run: Run) -> None:
    outcome = run("ls /sys/class/net; ping -c1 -W1 127.0.0.1 > /dev/null && echo pong")
    assert outcome.output.split() == ["lo", "pong"]


def test_the_hosts_network_is_shared_when_asked(run: Run) -> None:
    script = "readlink /proc/self/ns/net"
    assert run(script, network="host").output.strip() == os.readlink("/proc/self/ns/net")
    assert run(script, network="none").output.strip() != os.readlink("/proc/self/ns/net")


def test_processes_of_the_host_are_invisible(run: Run) -> None:
    assert run("ls -d /proc/[0-9]* | wc -l").output.strip() in {"2", "3"}


def test_nothing_of_the_host_is_mounted(run: Run) -> None:
    kinds = {line.split()[2] for line in run("cat /proc/mounts").output.splitlines()}
    assert kinds <= {"overlay", "proc", "sysfs", "cgroup2", "tmpfs", "devpts", "mqueue"}


def test_a_terminal_has_the_size_asked_for_and_can_be_resized(world: Any) -> None:
    script = (
        "trap 'stty size; exit 0' WINCH; tty; stty size; test -c /dev/console && echo ready;"
        " while :; do sleep 0.01; done"
    )
    root, _ = world.overlay()
    process = world.start(script, root=root, output=2, tty=(24, 80))
    with open(process.pty_master, "rb", buffering=0, closefd=False) as master:
        seen = b""
        while b"ready" not in seen:
            seen += master.read(1024)
        process.resize(50, 132)
        while b"50 132" not in seen:
            seen += master.read(1024)
    assert process.wait().code == 0
    assert seen.split() == b"/dev/pts/0 24 80 ready 50 132".split()
    assert process.pty_master is None


def test_control_c_on_the_terminal_interrupts(world: Any) -> None:
    root, _ = world.overlay()
    script = "trap 'exit 9' INT; echo ready; while :; do sleep 0.01; done"
    process = world.start(script, root=root, output=2, tty=(24, 80))
    with open(process.pty_master, "r+b", buffering=0, closefd=False) as master:
        assert b"ready" in master.read(1024)
        master.write(b"\x03")
    assert process.wait().code == 9


def test_the_terminal_belongs_to_the_user(world: Any) -> None:
    root, _ = world.overlay()
    script = "stat -c %u $(tty) > /tmp/owner"
    process = world.start(script, root=root, output=2, tty=(24, 80), identity=Identity(33, 33))
    assert process.wait().code == 0
