"""The recipes yield the same bytes for the same packages and carry nothing of the machine."""

from __future__ import annotations

import io
import os
import select
import tarfile
from pathlib import Path

import pytest

from lithify.errors import BuildError, Corrupt, UsageError
from lithify.executor.bootstrap import busybox, debian, tools
from lithify.executor.bootstrap.recipes import bootstrap
from lithify.executor.bootstrap.tools import ToolMissing, run_tool

STATIC_ELF = b"\x7fELF\x02\x01\x01" + bytes(25) + (64).to_bytes(8, "little") + bytes(14)
STATIC_ELF += (56).to_bytes(2, "little") + (1).to_bytes(2, "little") + bytes(6)
STATIC = STATIC_ELF + (1).to_bytes(4, "little") + bytes(52)
DYNAMIC = STATIC_ELF + (3).to_bytes(4, "little") + bytes(52)


@pytest.fixture
def offline_busybox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose apt fails and whose installed busybox is a script-like static program."""

    def fake(argv: tuple[str, ...], **_: object) -> bytes:
        if argv[0] == "apt-get":
            raise BuildError("apt-get ended with status 100\n  no route")
        if argv[1] == "--list-full":
            return b"bin/sh\nusr/bin/[\n../evil\nsbin/init\nlinuxrc\n"
        return b"BusyBox v1.36.1 (Debian) multi-call binary.\n"

    monkeypatch.setattr(busybox, "run_tool", fake)
    monkeypatch.setattr(busybox, "_installed", lambda: STATIC)


def test_busybox_falls_back_to_the_installed_program_and_says_so(
    tmp_path: Path, offline_busybox: None
) -> None:
    notes: list[str] = []
    image = busybox.bootstrap_busybox(tmp_path, notes.append)
    assert image.names == ("busybox:latest",)
    assert notes[0].startswith("busybox-static was not downloaded (apt-get ended with status 100)")
    with tarfile.open(image.tar_path) as archive:
        members = {one.name: one for one in archive}
        assert archive.extractfile("bin/sh").read() == STATIC  # type: ignore[union-attr]
    assert members["tmp"].mode == 0o1777
    assert members["root"].mode == 0o700
    assert "linuxrc" not in members
    assert not any(".." in name for name in members)
    assert {one.mtime for one in members.values()} == {315532800}


def test_busybox_archive_lists_a_hardlinks_target_before_the_link(
    tmp_path: Path, offline_busybox: None
) -> None:
    image = busybox.bootstrap_busybox(tmp_path, lambda _: None)
    seen: set[str] = set()
    with tarfile.open(image.tar_path) as archive:
        for member in archive:
            assert not member.islnk() or member.linkname in seen
            seen.add(member.name)


def test_busybox_is_the_same_bytes_twice(tmp_path: Path, offline_busybox: None) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(busybox.bootstrap_busybox(tmp_path / name, lambda _: None).tar_path)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_a_dynamic_busybox_is_refused(
    tmp_path: Path, offline_busybox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busybox, "_installed", lambda: DYNAMIC)
    with pytest.raises(Corrupt, match="not a static program"):
        busybox.bootstrap_busybox(tmp_path, lambda _: None)


def test_without_download_and_installation_the_first_error_stands(
    tmp_path: Path, offline_busybox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busybox, "_installed", lambda: None)
    with pytest.raises(BuildError, match="status 100"):
        busybox.bootstrap_busybox(tmp_path, lambda _: None)


def test_the_offer_is_read_only_with_a_sha256() -> None:
    good = b"'http://m/x.deb' x_1%3a2_amd64.deb 12 SHA256:" + b"a" * 64 + b"\n"
    assert busybox._parse_offer(b"noise\n" + good).file == "x_1%3a2_amd64.deb"
    with pytest.raises(BuildError, match="no download"):
        busybox._parse_offer(b"'http://m/x.deb' ../x.deb 12 SHA256:" + b"a" * 64)
    with pytest.raises(BuildError, match="no download"):
        busybox._parse_offer(b"'http://m/x.deb' x.deb 12 MD5Sum:" + b"a" * 32)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with apt sources, and an mmdebstrap that writes a small tar full of surroundings."""
    system = tmp_path / "system"
    (system / "etc/apt").mkdir(parents=True)
    (system / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
    (system / "etc/apt/sources.list").write_text("deb http://deb.example/debian bookworm main\n")

    def fake(argv: tuple[str, ...], **options: object) -> bytes:
        if argv[0] == "apt-config":
            return b'Acquire::Check-Date "false";\nAcquire::http::Proxy "http://user:pw@p:1";\n'
        environment = options["environment"]
        assert isinstance(environment, dict)
        assert environment["http_proxy"] == "http://user:pw@p:1"
        _write_raw(Path(argv[-2]))
        return b""

    monkeypatch.setattr(debian, "run_tool", fake)
    return system


def _write_raw(path: Path) -> None:
    files = {
        "./etc/hostname": b"builder\n",
        "./etc/resolv.conf": b"nameserver 192.0.2.1\n",
        "./etc/passwd": b"root:x:0:0::/root:/bin/bash\n",
        "./etc/apt/sources.list.d/0000debian.sources": b"raw",
        "./var/lib/dpkg/info/libc6:amd64.list": b"/.\n",
        "./var/lib/dpkg/status-old": b"x",
        "./var/log/apt/history.log": b"Start-Date: today\n",
        "./var/lib/apt/lists/mirror_Packages": b"x",
    }
    with tarfile.open(path, "w") as archive:
        for name in ("./", "./dev/", "./dev/shm/", "./var/log/apt/"):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode, directory.mtime = tarfile.DIRTYPE, 0o755, 2_000_000_000
            archive.addfile(directory)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(data), 2_000_000_000, "root"
            archive.addfile(member, io.BytesIO(data))


def test_debian_carries_nothing_of_the_machine_or_the_moment(tmp_path: Path, machine: Path) -> None:
    image = debian.bootstrap_debian("", tmp_path, lambda _: None, system=machine)
    assert image.names == ("debian:bookworm", "debian:latest")
    with tarfile.open(image.tar_path) as archive:
        members = {one.name: one for one in archive}
        texts = {n: archive.extractfile(m).read() for n, m in members.items() if m.isreg()}  # type: ignore[union-attr]
    assert not {"etc/hostname", "etc/resolv.conf", "dev/shm", "var/lib/dpkg/status-old"} & set(
        members
    )
    assert "var/log/apt" in members
    assert "var/log/apt/history.log" not in members
    assert "var/lib/apt/lists/mirror_Packages" not in members
    assert {one.mtime for one in members.values()} == {315532800}
    assert {one.uname for one in members.values()} == {""}
    assert b"user:pw" not in b"".join(texts.values())
    assert b"deb.example/debian" in texts["etc/apt/sources.list.d/debian.sources"]
    assert texts["etc/apt/apt.conf.d/81machine"] == b'Acquire::Check-Date "false";\n'


def test_another_suite_is_not_called_latest(tmp_path: Path, machine: Path) -> None:
    image = debian.bootstrap_debian("trixie", tmp_path, lambda _: None, system=machine)
    assert image.names == ("debian:trixie",)


def test_a_suite_that_could_be_an_option_is_refused(tmp_path: Path, machine: Path) -> None:
    with pytest.raises(UsageError, match="not the name of a Debian suite"):
        debian.bootstrap_debian("--mode=x", tmp_path, lambda _: None, system=machine)


def test_an_absent_mmdebstrap_is_named_with_what_to_install(
    tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tools._ENVIRONMENT, "PATH", str(tmp_path))
    monkeypatch.setattr(
        debian,
        "run_tool",
        lambda argv, **options: b"" if argv[0] == "apt-config" else run_tool(argv, **options),
    )
    with pytest.raises(ToolMissing, match="mmdebstrap is not installed") as caught:
        debian.bootstrap_debian("bookworm", tmp_path, lambda _: None, system=machine)
    assert "apt-get install mmdebstrap" in caught.value.hint


def test_an_unknown_recipe_suggests_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean debian"):
        bootstrap("debain", tmp_path, lambda _: None)


_PARENT_OF_A_SLEEPER = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(60)
"""


def test_a_tool_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(BuildError, match="did not end within"):
        run_tool(("python3", "-c", _PARENT_OF_A_SLEEPER, str(pid_file)), cwd=tmp_path, timeout_s=3)
    try:
        child = os.pidfd_open(int(pid_file.read_text()))
    except ProcessLookupError:
        return
    ended, _, _ = select.select([child], [], [], 10)
    os.close(child)
    assert ended


def test_a_tool_that_fails_shows_the_end_of_its_messages(tmp_path: Path) -> None:
    argv = ("python3", "-c", "import sys; sys.exit('the mirror is gone')")
    with pytest.raises(BuildError, match="the mirror is gone"):
        run_tool(argv, cwd=tmp_path, timeout_s=30)
