"""What a step did on a real overlay, as entries of its layer and as the next step sees it."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.errors import BuildError
from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.snapshot.changes import TimeRule
from lithify.executor.snapshot.snapshots import EMPTY_DIFF_ID

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.layers.conftest import Workshop

pytestmark = pytest.mark.root
EPOCH = 315532800


def _base() -> list[Entry]:
    return [
        Entry("etc", Kind.DIRECTORY, 0o755),
        Entry("etc/a", Kind.FILE, content=Bytes(b"A")),
        Entry("etc/b", Kind.FILE, content=Bytes(b"B"), mtime=1000),
        Entry("d", Kind.DIRECTORY, 0o750, uid=3, gid=4),
        Entry("d/deep", Kind.DIRECTORY, 0o755),
        Entry("d/deep/x", Kind.FILE, content=Bytes(b"X")),
        Entry("link", Kind.SYMLINK, target="d"),
    ]


def _recreate(root: Path) -> None:
    shutil.rmtree(root / "d")
    (root / "d" / "deep").mkdir(parents=True)
    (root / "d" / "deep" / "y").write_text("y")


def _file_over_directory(root: Path) -> None:
    shutil.rmtree(root / "d")
    (root / "d").write_text("now a file")


def _directory_over_file(root: Path) -> None:
    (root / "etc" / "a").unlink()
    (root / "etc" / "a").mkdir()
    (root / "etc" / "a" / "inside").write_text("i")


def _link_over_directory(root: Path) -> None:
    shutil.rmtree(root / "d")
    (root / "d").symlink_to("etc")


def _directory_over_link(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").mkdir()


def _replace_by_rename(root: Path) -> None:
    (root / "etc" / "new").write_text("N")
    os.rename(root / "etc" / "new", root / "etc" / "a")


def _rename_directory(root: Path) -> None:
    shutil.copytree(root / "d", root / "e")
    shutil.rmtree(root / "d")


def _hard_links(root: Path) -> None:
    (root / "z").write_text("one")
    os.link(root / "z", root / "etc" / "same")
    os.link(root / "z", root / "a-first")


def _attributes(root: Path) -> None:
    os.chmod(root / "etc", 0o2775)
    os.chown(root / "d", 100000, 7)
    os.setxattr(root / "etc" / "a", "user.note", b"\x00\xff")
    os.chown(root / "link", 9, 9, follow_symlinks=False)
    os.chmod(root, 0o711)


def _special(root: Path) -> None:
    os.mkfifo(root / "pipe")
    os.mknod(root / "null", 0o20666, os.makedev(1, 3))
    os.mknod(root / "disk", 0o60600, os.makedev(259, 70000))


def _undecodable(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9")).write_text("latin")
    (root / ("long" * 60)).mkdir()
    (root / ("long" * 60) / ("name" * 60)).write_text("deep")
    (root / "new\nline").symlink_to("t" * 300)


@pytest.mark.parametrize(
    "act",
    [
        _recreate,
        _file_over_directory,
        _directory_over_file,
        _link_over_directory,
        _directory_over_link,
        _replace_by_rename,
        _rename_directory,
        _hard_links,
        _attributes,
        _special,
        _undecodable,
    ],
    ids=lambda act: act.__name__.strip("_"),
)
def test_a_committed_upper_and_its_unpacked_layer_look_the_same(
    workshop: Workshop, act: Callable[[Path], None]
) -> None:
    base = workshop.layer(*_base())
    layer = workshop.step([base], act).layer
    committed = workshop.look([base, layer])
    workshop.forget(layer)
    assert workshop.look([base, layer]) == committed
    assert workshop.step([base], act).layer == layer


def test_a_removed_and_recreated_directory_is_opaque(workshop: Workshop) -> None:
    base = workshop.layer(*_base())
    layer = workshop.step([base], _recreate).layer
    assert workshop.names(layer) == ["d", "d/.wh..wh..opq", "d/deep", "d/deep/y"]
    assert "/d/deep/x" not in workshop.look([base, layer])


def test_a_new_directory_is_not_opaque(workshop: Workshop) -> None:
    base = workshop.layer(*_base())
    layer = workshop.step([base], lambda root: (root / "d" / "new").mkdir()).layer
    assert workshop.names(layer) == ["d", "d/new"]


def test_deletion_is_a_whiteout(workshop: Workshop) -> None:
    base = workshop.layer(*_base())
    layer = workshop.step([base], lambda root: (root / "etc" / "a").unlink()).layer
    assert workshop.names(layer) == ["etc", "etc/.wh.a"]


def test_a_file_made_and_removed_leaves_only_the_directory(workshop: Workshop) -> None:
    base = workshop.layer(*_base())

    def act(root: Path) -> None:
        (root / "etc" / "tmp").write_text("x")
        (root / "etc" / "tmp").unlink()

    assert workshop.names(workshop.step([base], act).layer) == ["etc"]


def test_a_step_that_changes_nothing_is_the_empty_layer(workshop: Workshop) -> None:
    base = workshop.layer(*_base())
    layer = workshop.step([base], lambda root: os.listdir(root / "etc")).layer
    assert layer.diff_id == EMPTY_DIFF_ID
    assert workshop.tar(layer) == bytes(1024)
    assert "sha256:" + hashlib.sha256(bytes(1024)).hexdigest() == EMPTY_DIFF_ID
    assert workshop.look([base, layer]) == workshop.look([base])


def test_a_directory_copied_up_and_restored_is_no_change(workshop: Workshop) -> None:
    base = workshop.layer(*_base())

    def act(root: Path) -> None:
        (root / "d" / "deep" / "mountpoint").mkdir()
        (root / "d" / "deep" / "mountpoint").rmdir()
        os.utime(root / "d" / "deep", (EPOCH, EPOCH))

    assert workshop.step([base], act).layer.diff_id == EMPTY_DIFF_ID


def test_times_of_the_step_become_logical_and_older_ones_stay(workshop: Workshop) -> None:
    base = workshop.layer(*_base())

    def act(root: Path) -> None:
        (root / "new").write_text("n")
        (root / "old").write_text("o")
        os.utime(root / "old", ns=(5, 1_700_000_000_900_000_000))

    seen = workshop.look([base, workshop.step([base], act).layer])
    assert seen["/new"][2] == (EPOCH + 1) * 10**9
    assert seen["/old"][2] == 1_700_000_000 * 10**9


def test_with_an_explicit_epoch_no_time_is_later(workshop: Workshop) -> None:
    def act(root: Path) -> None:
        (root / "old").write_text("o")
        os.utime(root / "old", (1_700_000_000, 1_700_000_000))
        (root / "older").write_text("o")
        os.utime(root / "older", (77, 77))

    layer = workshop.step([], act, clamp=True, logical_time=1000).layer
    seen = workshop.look([layer])
    assert seen["/old"][2] == 1000 * 10**9
    assert seen["/older"][2] == 77 * 10**9


def test_sockets_are_left_out_with_a_note(workshop: Workshop) -> None:
    def act(root: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(root / "run.sock"))
        (root / "file").write_text("f")

    result = workshop.step([], act)
    assert workshop.names(result.layer) == ["file"]
    assert result.notes == ("left out the socket /run.sock: layers hold none",)
    assert "/run.sock" not in workshop.look([result.layer])


@pytest.mark.parametrize("make", ["touch", "mkdir"])
def test_names_that_would_mean_deletion_are_refused(workshop: Workshop, make: str) -> None:
    def act(root: Path) -> None:
        (root / "d").mkdir()
        getattr(root / "d" / ".wh.file", make)()

    with pytest.raises(BuildError, match=r"/d/\.wh\.file: .* mean deleted files"):
        workshop.step([], act)


def test_what_exists_only_in_the_stub_never_gets_into_a_layer(
    workshop: Workshop, tmp_path: Path
) -> None:
    stub = tmp_path / "stub"
    (stub / "proc").mkdir(parents=True)
    (stub / "etc").mkdir()
    (stub / "etc" / "hosts").write_text("")

    def act(root: Path) -> None:
        os.chmod(root / "proc", 0o700)
        (root / "etc" / "hosts").unlink()
        (root / "etc" / "own").write_text("kept")

    layer = workshop.step([], act, stub=stub).layer
    assert workshop.names(layer) == ["etc", "etc/own"]


def test_only_changed_attributes_of_the_root_make_it_an_entry(workshop: Workshop) -> None:
    plain = workshop.step([], lambda root: (root / "f").write_text("f")).layer
    assert workshop.names(plain) == ["f"]
    strict = workshop.step([plain], lambda root: os.chmod(root, 0o700)).layer
    assert workshop.names(strict) == ["."]
    after = workshop.step([plain, strict], lambda root: (root / "g").write_text("g")).layer
    assert workshop.names(after) == ["g"]
    assert workshop.look([plain, strict, after])["/"][0] == "0o40700"


def test_a_capability_survives(workshop: Workshop) -> None:
    value = bytes.fromhex("0100000200040000000000000000000000000000")

    def act(root: Path) -> None:
        (root / "ping").write_text("#!")
        os.setxattr(root / "ping", "security.capability", value)

    layer = workshop.step([], act).layer
    workshop.forget(layer)
    assert workshop.look([layer])["/ping"][5] == (("security.capability", value),)


def test_a_discarded_step_leaves_nothing(workshop: Workshop) -> None:
    before = sorted(path.name for path in (workshop.store.root / "snapshots").iterdir())
    with workshop.snapshots.prepare([]) as snapshot:
        place = snapshot.upper.parent
    assert not place.exists()
    assert sorted(path.name for path in (workshop.store.root / "snapshots").iterdir()) == before


def test_no_mount_is_ever_visible(workshop: Workshop) -> None:
    def mounts() -> str:
        with open("/proc/self/mountinfo") as file:
            return file.read()

    before = mounts()
    with workshop.snapshots.prepare([]), workshop.snapshots.view([]):
        assert mounts() == before


@given(st.integers(0, 10**19), st.integers(0, 10**9), st.sampled_from((1, 10**9, 2 * 10**9)))
def test_a_stamp_of_the_step_is_one_in_whatever_unit_it_was_carried_along(
    started_ns: int, later_ns: int, unit_ns: int
) -> None:
    stamped_ns = started_ns + later_ns
    rule = TimeRule(started_ns, logical_time=7)
    assert rule.canonical(stamped_ns - stamped_ns % unit_ns) == 7
    assert rule.canonical(started_ns - 3 * 10**9) == (started_ns - 3 * 10**9) // 10**9
