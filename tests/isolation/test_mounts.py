"""The caller's mounts, hostile symlinks, and mount points that leave no trace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lithify.errors import SandboxError
from lithify.executor.isolation.ports import FileMount, MountFd, TmpfsMount
from lithify.executor.isolation.stubs import write_stub_layer
from lithify.executor.syscalls import AT_RECURSIVE, OPEN_TREE_CLONE, open_tree

pytestmark = pytest.mark.root
Run = Any

_HOUR_NS = 3600 * 10**9


def _clone(path: Path) -> int:
    fd = os.open(path, os.O_PATH)
    try:
        return open_tree(fd, "", OPEN_TREE_CLONE | AT_RECURSIVE)
    finally:
        os.close(fd)


def test_nothing_is_left_in_the_upper_layer(run: Run) -> None:
    assert run("true").changed == []


def test_a_bare_root_gets_its_mount_points_only_for_the_run(world: Any, rootfs: Path) -> None:
    bare = world.directory("bare")
    outcome = world.run("ls -d /proc /sys /dev /etc/hosts", lowers=[bare, rootfs])
    assert outcome.output.split() == ["/dev", "/etc/hosts", "/proc", "/sys"]
    assert outcome.changed == []


def test_mount_points_and_their_parents_vanish_and_times_are_restored(world: Any) -> None:
    base = world.directory("timed")
    (base / "srv").mkdir()
    os.utime(base / "srv", ns=(_HOUR_NS, _HOUR_NS))
    outcome = world.run(
        "stat -c %Y /srv; ls -R /srv",
        lowers=[base, *world.lowers],
        mounts=(TmpfsMount("/srv/a/b"), FileMount("/srv/c/d", b"x"), TmpfsMount("/new/deep")),
    )
    assert outcome.output.startswith("3600\n")
    assert "/srv/a/b" in outcome.output
    assert outcome.changed == ["srv"]
    assert (outcome.upper / "srv").stat().st_mtime_ns == _HOUR_NS


def test_a_mount_point_that_was_filled_or_replaced_stays(world: Any) -> None:
    outcome = world.run(
        "echo kept > /a/file; mkdir /p/other", mounts=(TmpfsMount("/a/b"), TmpfsMount("/p/q"))
    )
    assert outcome.changed == ["a", "a/file", "p", "p/other"]


def test_stubs_inside_a_mount_do_not_confuse_the_clean_up(world: Any) -> None:
    base = world.directory("shadowed")
    (base / "m" / "sub").mkdir(parents=True)
    outcome = world.run(
        "true",
        lowers=[base, *world.lowers],
        mounts=(TmpfsMount("/m"), FileMount("/m/sub/file", b"x")),
    )
    assert outcome.changed == []


def test_a_stub_layer_may_lend_further_mount_points(world: Any, rootfs: Path) -> None:
    stubs = world.directory("more-stubs")
    write_stub_layer(stubs, directories=("run/cache",), files=("run/secrets/token",))
    outcome = world.run(
        "cat /run/secrets/token",
        lowers=[rootfs, stubs],
        mounts=(FileMount("/run/secrets/token", b"s3cret"), TmpfsMount("/run/cache")),
    )
    assert (outcome.output, outcome.changed) == ("s3cret", [])


def test_files_have_the_content_owner_and_mode_asked_for(run: Run) -> None:
    outcome = run(
        "cat /etc/tok; stat -c '%a %u %g' /etc/tok; echo x > /etc/tok; /etc/run",
        mounts=(
            FileMount("/etc/tok", b"s3cret\n", mode=0o440, uid=33, gid=37),
            FileMount("/etc/run", b"#!/bin/sh\necho ran\n", mode=0o555, noexec=False),
        ),
    )
    lines = outcome.output.splitlines()
    assert lines[:2] == ["s3cret", "440 33 37"]
    assert "Read-only" in lines[2]
    assert lines[3] == "ran"
    assert outcome.changed == ["etc"]


def test_a_file_mounted_noexec_cannot_be_run(run: Run) -> None:
    outcome = run(("/x",), mounts=(FileMount("/x", b"#!/bin/sh\n", mode=0o755),))
    assert outcome.code == 126


def test_a_large_file_arrives_whole(run: Run) -> None:
    outcome = run("wc -c < /big", mounts=(FileMount("/big", b"x" * 3_000_000),))
    assert outcome.output == "3000000\n"


def test_an_own_hosts_file_replaces_ours(run: Run) -> None:
    outcome = run("cat /etc/hosts", mounts=(FileMount("/etc//hosts", b"mine\n"),))
    assert outcome.output == "mine\n"


def test_tmpfs_has_the_size_and_mode_asked_for(run: Run) -> None:
    outcome = run(
        "df -k /t | tail -1 | awk '{print $2}'; stat -c %a /t; echo x > /t/f; ls /t",
        mounts=(TmpfsMount("/t", size_bytes=1 << 20, mode=0o750),),
    )
    assert outcome.output.split() == ["1024", "750", "f"]
    assert outcome.changed == []


def test_the_later_of_two_mounts_at_one_target_wins(run: Run) -> None:
    mounts = (FileMount("/a/f", b"first"), FileMount("/a/./f", b"second"))
    assert run("cat /a/f", mounts=mounts).output == "second"


def test_parents_are_mounted_before_what_lies_in_them(run: Run) -> None:
    mounts = (FileMount("/m/in/f", b"f"), TmpfsMount("/m-other"), TmpfsMount("/m"))
    assert run("cat /m/in/f; ls /m", mounts=mounts).output == "fin\n"


def test_a_directory_is_bound_read_only_unless_asked_otherwise(world: Any) -> None:
    source = world.directory("source")
    (source / "f").write_text("content")
    fds = [_clone(source), _clone(source)]
    outcome = world.run(
        "cat /ro/f; echo x > /ro/g; echo x > /rw/h",
        mounts=(MountFd(fds[0], "/ro"), MountFd(fds[1], "/rw", read_only=False)),
    )
    assert outcome.output.startswith("content")
    assert "Read-only" in outcome.output
    assert sorted(path.name for path in source.iterdir()) == ["f", "h"]
    assert outcome.changed == []
    for fd in fds:
        os.close(fd)


def test_a_part_of_a_mount_is_resolved_inside_it(world: Any) -> None:
    source = world.directory("parts")
    (source / "d").mkdir()
    (source / "d" / "f").write_text("inner")
    (source / "escape").symlink_to("/../../etc/passwd")
    (source / "link").symlink_to("/d/f")
    good, bad = _clone(source), _clone(source)
    outcome = world.run("cat /x /y/f", mounts=(MountFd(good, "/x", subpath="link"),))
    assert outcome.output.startswith("inner")
    with pytest.raises(SandboxError, match="/z"):
        world.run("true", mounts=(MountFd(bad, "/z", subpath="escape"),))
    os.close(good)
    os.close(bad)


@pytest.mark.parametrize(
    "links",
    [
        {"etc/resolv.conf": "../run/resolve/stub.conf"},
        {"etc/resolv.conf": "/../../../../../../run/resolve/stub.conf"},
        {"etc": "real-etc"},
    ],
)
def test_symlinks_at_mount_points_lead_inside_the_root(world: Any, links: dict[str, str]) -> None:
    base = world.directory("linked")
    for name, target in links.items():
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).symlink_to(target)
    outcome = world.run("cat /etc/resolv.conf && cat /etc/hosts", lowers=[base, *world.lowers])
    assert outcome.code == 0
    assert "nameserver" in outcome.output
    assert not Path("/run/resolve").exists()
    assert [path for path in outcome.changed if "/" in path] == []


def test_hostile_symlinks_never_reach_the_host(world: Any, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    base = world.directory("hostile")
    (base / "up").symlink_to("../" * 20 + str(victim).lstrip("/"))
    (base / "absolute").symlink_to(victim)
    outcome = world.run(
        "cat /up/f /absolute/g",
        lowers=[base, *world.lowers],
        mounts=(FileMount("/up/f", b"1"), FileMount("/absolute/g", b"2")),
    )
    assert outcome.output == "12"
    assert list(victim.iterdir()) == []


def test_a_loop_of_symlinks_is_an_error_naming_the_target(world: Any) -> None:
    base = world.directory("loop")
    (base / "a").symlink_to("b")
    (base / "b").symlink_to("a")
    with pytest.raises(SandboxError, match="/a/f"):
        world.run("true", lowers=[base, *world.lowers], mounts=(TmpfsMount("/a/f"),))


def test_a_file_cannot_cover_a_directory(run: Run) -> None:
    with pytest.raises(SandboxError, match="/tmp"):
        run("true", mounts=(FileMount("/tmp", b""),))


def test_the_root_itself_is_no_mount_target(run: Run) -> None:
    with pytest.raises(SandboxError, match="invalid mount target"):
        run("true", mounts=(TmpfsMount("/x/.."),))
