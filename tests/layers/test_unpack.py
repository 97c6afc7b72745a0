"""Layers of strangers: what they imply is found, what they try is refused, and half a snapshot is
never seen."""

from __future__ import annotations

import errno
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from lithify.cache.ports import Layer
from lithify.errors import Corrupt, DigestMismatch, StoreError
from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.snapshot import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from tests.layers.conftest import Workshop

pytestmark = pytest.mark.root


def tar_of(*members: tuple[str, str, str]) -> bytes:
    """A tar of (name, type letter, content or target)."""
    kinds = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime = kinds[kind], 50
            info.mode = 0o755 if kind == "d" else 0o644
            if kind == "f":
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                archive.addfile(info)
    return out.getvalue()


def test_implied_parents_have_the_attributes_of_the_lower_ones(workshop: Workshop) -> None:
    base = workshop.layer(Entry("tmp", Kind.DIRECTORY, 0o1777, gid=5, mtime=7))
    layer = workshop.foreign(tar_of(("tmp/sub/file", "f", "x")))
    seen = workshop.look([base, layer])
    assert seen["/tmp"][:3] == ("0o41777", (0, 5), 7 * 10**9)
    assert seen["/tmp/sub"][0] == "0o40755"
    other = workshop.layer(Entry("tmp", Kind.DIRECTORY, 0o700))
    assert workshop.look([other, layer])["/tmp"][0] == "0o40700"


def test_a_hard_link_to_a_lower_file_is_a_copy_of_it(workshop: Workshop) -> None:
    base = workshop.layer(Entry("file", Kind.FILE, 0o640, uid=8, content=Bytes(b"lower"), mtime=9))
    layer = workshop.foreign(tar_of(("alias", "h", "file")))
    alias = workshop.look([base, layer])["/alias"]
    assert alias == ("0o100640", (8, 0), 9 * 10**9, 1, 0, (), b"lower")


def test_a_hard_link_to_nothing_is_refused(workshop: Workshop) -> None:
    layer = workshop.foreign(tar_of(("alias", "h", "absent")))
    with pytest.raises(Corrupt, match="which is no file"):
        workshop.look([layer])


@pytest.mark.parametrize("target", ["/", "..", "../../../..", "/etc"])
def test_nothing_is_written_through_a_symlink(workshop: Workshop, target: str) -> None:
    layer = workshop.foreign(tar_of(("out", "l", target), ("out/evil", "f", "x")))
    with pytest.raises(Corrupt, match="which is no directory"):
        workshop.look([layer])


def test_a_symlink_replacing_a_directory_does_not_lead_times_astray(
    workshop: Workshop, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    (victim / "b").mkdir(parents=True)
    os.utime(victim / "b", (123, 123))
    layer = workshop.foreign(
        tar_of(("a", "d", ""), ("a/b", "d", ""), ("a/b/c", "f", "x"), ("a", "l", str(victim)))
    )
    assert workshop.look([layer])["/a"][-1] == str(victim)
    assert (victim / "b").stat().st_mtime == 123


def test_names_stop_at_the_root(workshop: Workshop) -> None:
    layer = workshop.foreign(
        tar_of(("../../up", "f", "x"), ("/abs", "f", "y"), ("./a/../b", "f", ""))
    )
    assert set(workshop.look([layer])) == {"/", "/up", "/abs", "/b"}


@pytest.mark.parametrize("name", [".wh..", ".wh...", "a/.wh."])
def test_a_whiteout_of_a_dot_is_refused(workshop: Workshop, name: str) -> None:
    with pytest.raises(Corrupt, match="whiteout"):
        workshop.look([workshop.foreign(tar_of((name, "f", "")))])


def test_whiteouts_hide_lower_layers_only_whatever_the_order(workshop: Workshop) -> None:
    base = workshop.foreign(tar_of(("d", "d", ""), ("d/old", "f", "o"), ("f", "f", "o")))
    before = workshop.foreign(
        tar_of((".wh.d", "f", ""), ("d", "d", ""), ("d/new", "f", "n"), (".wh.f", "f", ""))
    )
    after = workshop.foreign(
        tar_of(("d", "d", ""), ("d/new", "f", "n"), (".wh.d", "f", ""), (".wh.f", "f", ""))
    )
    assert set(workshop.look([base, before])) == {"/", "/d", "/d/new"}
    assert set(workshop.look([base, after])) == {"/", "/d", "/d/new"}


def test_an_opaque_root_hides_all_lower_layers(workshop: Workshop) -> None:
    base = workshop.foreign(tar_of(("old", "f", "o")))
    layer = workshop.foreign(tar_of((".wh..wh..opq", "f", ""), ("new", "f", "n")))
    assert set(workshop.look([base, layer])) == {"/", "/new"}


def test_later_entries_of_a_path_win(workshop: Workshop) -> None:
    layer = workshop.foreign(
        tar_of(("a", "f", "1"), ("a", "d", ""), ("a/x", "f", "2"), ("b", "d", ""), ("b", "f", "3"))
    )
    seen = workshop.look([layer])
    assert seen["/a/x"][-1] == b"2"
    assert seen["/b"][-1] == b"3"


def test_overlay_steering_attributes_of_strangers_are_dropped(workshop: Workshop) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("d")
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        info.pax_headers = {
            "SCHILY.xattr.trusted.overlay.redirect": "/etc",
            "SCHILY.xattr.user.overlay.opaque": "y",
            "SCHILY.xattr.user.kept": "yes",
        }
        archive.addfile(info)
    layer = workshop.foreign(out.getvalue())
    path = workshop.snapshots.directories([layer])[0] / "d"
    assert os.listxattr(path) == ["user.kept"]


def test_a_layer_with_another_digest_is_never_visible(workshop: Workshop) -> None:
    good = workshop.layer(Entry("a", Kind.FILE, content=Bytes(b"a")))
    bad = Layer(workshop.layer(Entry("b", Kind.FILE, content=Bytes(b"b"))).descriptor, good.diff_id)
    with pytest.raises((DigestMismatch, Corrupt)):
        workshop.look([bad])
    assert not list((workshop.store.root / "snapshots").iterdir())
    assert set(workshop.look([good])) == {"/", "/a"}


def test_a_full_disk_is_told_and_leaves_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = workshop.layer(*(Entry(f"f{n}", Kind.FILE, content=Bytes(b"x")) for n in range(9)))
    written = []

    def write_all(fd: int, data: bytes) -> None:
        written.append(data)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack, "write_all", write_all)
    with pytest.raises(StoreError, match="no space left"):
        workshop.look([layer])
    assert not list((workshop.store.root / "snapshots").iterdir())
    assert not list(workshop.store.tmp_dir().glob("unpack-*"))
    monkeypatch.undo()
    assert len(workshop.look([layer])) == 10


def test_a_process_killed_while_unpacking_leaves_no_snapshot(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = workshop.layer(*(Entry(f"f{n}", Kind.FILE, content=Bytes(b"x")) for n in range(9)))
    child = os.fork()
    if not child:
        monkeypatch.setattr(unpack._Unpacker, "finish", lambda self: os._exit(9))
        workshop.look([layer])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not list((workshop.store.root / "snapshots").iterdir())
    assert len(workshop.look([layer])) == 10


def test_a_snapshot_of_an_earlier_boot_is_unpacked_again(workshop: Workshop) -> None:
    layer = workshop.layer(Entry("f", Kind.FILE, content=Bytes(b"whole")))
    workshop.look([layer])
    path = workshop.store.root / "snapshots" / layer.diff_id.hex
    os.setxattr(path, "trusted.overlay.lithify.boot", b"an earlier boot")
    (path / "f").write_bytes(b"")
    workshop.start_anew()
    assert workshop.look([layer])["/f"][-1] == b"whole"


def test_a_synced_snapshot_outlives_the_boot(workshop: Workshop) -> None:
    layer = workshop.layer(Entry("f", Kind.FILE, content=Bytes(b"whole")))
    workshop.look([layer])
    workshop.snapshots.sync()
    path = workshop.store.root / "snapshots" / layer.diff_id.hex
    assert os.getxattr(path, "trusted.overlay.lithify.boot") == b"on disk"
    assert workshop.look([layer])["/f"][-1] == b"whole"
