"""What ADD does with archives, friendly and hostile ones (reference semantics, 3.5)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest
import zstandard

from lithify.compiler.plan import ContextTree, CopyOp, TreeSource
from lithify.errors import BuildError, LithifyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk

Member = tuple[str, bytes, str | bytes | None]


def tar_of(*members: tuple[str, bytes, str], **common: int) -> bytes:
    """A tar of (name, type, content or link target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.mode = common.get("mode", 0o755 if kind == tarfile.DIRTYPE else 0o644)
            info.uid, info.gid = common.get("uid", 0), common.get("gid", 0)
            info.mtime = common.get("mtime", 1_000_000_000)
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                tar.addfile(info)
    return out.getvalue()


FILE, DIR, LINK, SAME = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
PLAIN = tar_of(("d", DIR, ""), ("d/a", FILE, "A"), ("top", FILE, "T"))


def add(desk: Desk, data: bytes, destination: str = "/out/", **options: str) -> dict[str, str]:
    (desk.source / "x").write_bytes(data)
    return desk.copy("/x", destination, keyword="ADD", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "compress",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.compress],
    ids=["plain", "gzip", "bzip2", "xz", "zstd"],
)
def test_an_archive_is_known_by_its_content(desk: Desk, compress: Callable[[bytes], bytes]) -> None:
    assert add(desk, compress(PLAIN)) == {
        "out": "dir 755 0:0",
        "out/d": "dir 755 0:0",
        "out/d/a": "file 644 0:0 A",
        "out/top": "file 644 0:0 T",
    }


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress])
def test_several_streams_in_one_file_are_one_archive(
    desk: Desk, compress: Callable[[bytes], bytes]
) -> None:
    assert add(desk, compress(PLAIN[:700]) + compress(PLAIN[700:]))["out/top"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive",
        gzip.compress(b"plain text"),
        b"\x1f\x8b\x08broken",
        b"BZh9broken",
        b"\xfd7zXZ\0broken",
        b"\x28\xb5\x2f\xfdbroken",
        bytes(10240),
        PLAIN[:300],
    ],
)
def test_anything_else_is_copied_as_it_is(desk: Desk, data: bytes) -> None:
    (desk.source / "f.tar.gz").write_bytes(data)
    op = CopyOp("ADD", (TreeSource(ContextTree(), "/f.tar.gz", "f.tar.gz"),), "/d/", unpack=None)
    entry = desk.entries(op)[-1]
    assert (entry.path, entry.size) == ("d/f.tar.gz", len(data))


def test_unpacking_can_be_switched_off(desk: Desk) -> None:
    (desk.source / "x").write_bytes(PLAIN)
    assert list(desk.copy("/x", "/out/")) == ["out", "out/x"]


def test_times_of_the_archive_are_kept_and_created_directories_have_none(desk: Desk) -> None:
    (desk.source / "x").write_bytes(tar_of(("p/q", FILE, "Q"), mtime=12345))
    op = CopyOp("ADD", (TreeSource(ContextTree(), "/x", "x"),), "/o", unpack=None)
    times = {entry.path: entry.mtime for entry in desk.entries(op)}
    assert times == {"o": None, "o/p": None, "o/p/q": 12345}


def test_owners_of_the_archive_stay_unless_chown_is_given(desk: Desk) -> None:
    data = tar_of(("d", DIR, ""), ("p/f", FILE, "F"), uid=5, gid=6)
    assert add(desk, data) == {
        "out": "dir 755 0:0",
        "out/d": "dir 755 5:6",
        "out/p": "dir 755 0:0",
        "out/p/f": "file 644 5:6 F",
    }
    changed = add(desk, data, chown="100:200", chmod="0600")
    assert changed["out/p/f"] == "file 644 100:200 F"
    assert changed["out"] == "dir 755 100:200"


def test_members_replace_what_has_their_name_and_directories_merge(desk: Desk) -> None:
    desk.have("etc/passwd", "old")
    desk.have("etc/keep", "k")
    (desk.base / "etc/dir").mkdir()
    data = tar_of(("etc", DIR, ""), ("etc/passwd", FILE, "new"), ("etc/dir", FILE, "f"), mode=0o700)
    assert add(desk, data, "/") == {
        "etc": "dir 700 0:0",
        "etc/dir": "file 700 0:0 f",
        "etc/passwd": "file 700 0:0 new",
    }


def test_a_directory_that_comes_back_hides_the_one_of_the_base(desk: Desk) -> None:
    desk.have("d/old")
    data = tar_of(("d", FILE, ""), ("d", DIR, ""), ("d/new", FILE, "n"))
    assert add(desk, data, "/") == {
        "d": "dir 755 0:0",
        "d/*": "opaque",
        "d/new": "file 644 0:0 n",
    }


def test_names_that_climb_or_are_absolute_stay_below_the_destination(desk: Desk) -> None:
    data = tar_of(("../../etc/a", FILE, "a"), ("/etc/b", FILE, "b"), ("d/../../c", FILE, "c"))
    assert sorted(add(desk, data)) == ["out", "out/c", "out/etc", "out/etc/a", "out/etc/b"]


def test_links_lead_later_members_nowhere_but_into_the_root(desk: Desk) -> None:
    (desk.base / "run").mkdir()
    (desk.base / "var").mkdir()
    (desk.base / "var/run").symlink_to("/run")
    data = tar_of(
        ("var/run/x", FILE, "x"),
        ("esc", LINK, "../../../../../../tmp"),
        ("esc/y", FILE, "y"),
        ("abs", LINK, "/etc"),
        ("abs/z", FILE, "z"),
    )
    found = add(desk, data, "/")
    assert {"run/x", "tmp/y", "etc/z"} <= found.keys()
    assert found["esc"] == "link 0:0 ../../../../../../tmp"


def test_a_link_put_in_place_of_a_directory_redirects_what_follows(desk: Desk) -> None:
    data = tar_of(("d", DIR, ""), ("d/a", FILE, "a"), ("d", LINK, "other"), ("d/b", FILE, "b"))
    assert add(desk, data, "/") == {
        "d": "link 0:0 other",
        "other": "dir 755 0:0",
        "other/b": "file 644 0:0 b",
    }


def test_hard_links_share_their_file_even_when_its_name_is_taken_over(desk: Desk) -> None:
    data = tar_of(("a", FILE, "first"), ("b", SAME, "a"), ("c", SAME, "/b"), ("a", FILE, "second"))
    assert add(desk, data, "/") == {
        "a": "file 644 0:0 second",
        "b": "file 644 0:0 first",
        "c": "same b",
    }


def test_a_hard_link_to_a_file_of_the_base_brings_it_along(desk: Desk) -> None:
    desk.have("bin/busybox", "B", 0o755)
    found = add(desk, tar_of(("bin/sh", SAME, "bin/busybox")), "/")
    assert found["bin/sh"] == "same bin/busybox"
    assert found["bin/busybox"].endswith(" B")


@pytest.mark.parametrize("target", ["nowhere", "d", "../../../etc"])
def test_a_hard_link_to_no_file_is_refused(desk: Desk, target: str) -> None:
    with pytest.raises(BuildError, match="which is no file"):
        add(desk, tar_of(("d", DIR, ""), ("x", SAME, target)))


def test_a_member_below_a_file_is_refused(desk: Desk) -> None:
    with pytest.raises(BuildError, match="not a directory"):
        add(desk, tar_of(("f", FILE, ""), ("f/x", FILE, "")))


def test_a_whiteout_name_in_an_archive_is_refused(desk: Desk) -> None:
    with pytest.raises(BuildError, match="mean deleted files"):
        add(desk, tar_of(("etc/.wh.passwd", FILE, "")))


@pytest.mark.parametrize(
    "data",
    [
        PLAIN[:1200],
        gzip.compress(PLAIN)[:-20],
        lzma.compress(PLAIN * 200)[:-40],
        PLAIN[:512] + b"x" * 512,
    ],
)
def test_a_broken_archive_is_refused_with_its_name(desk: Desk, data: bytes) -> None:
    with pytest.raises(LithifyError, match='"/x"'):
        add(desk, data)


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (("a", LINK, ""), 'archive "/x".*symbolic link to nothing'),
        (("n" * 256, FILE, ""), "at most 255 bytes"),
        (("d/" + "é" * 128 + "/a", FILE, ""), "at most 255 bytes"),
        (("link/a", FILE, ""), "at most 255 bytes"),
    ],
)
def test_a_member_that_no_file_system_holds_is_refused(
    desk: Desk, member: tuple[str, bytes, str], why: str
) -> None:
    link = ("link", LINK, "n" * 256)
    with pytest.raises(BuildError, match=why):
        add(desk, tar_of(link, member))


def test_pipes_and_devices_are_kept(desk: Desk) -> None:
    data = tar_of(("p", tarfile.FIFOTYPE, ""), ("n", tarfile.CHRTYPE, ""))
    found = add(desk, data)
    assert found["out/p"] == "fifo 644 0:0"
    assert found["out/n"] == "character 644 0:0"


def test_the_directory_itself_is_not_changed_by_a_member_that_names_it(desk: Desk) -> None:
    assert add(desk, tar_of(("./", DIR, ""), ("./a", FILE, "A"), mode=0o700, uid=9)) == {
        "out": "dir 755 0:0",
        "out/a": "file 700 9:0 A",
    }


def test_an_archive_never_unpacks_onto_a_file(desk: Desk) -> None:
    desk.have("f")
    with pytest.raises(BuildError, match="mkdir /f: not a directory"):
        add(desk, PLAIN, "/f")


def test_content_is_readable_as_often_as_asked_and_in_any_order(desk: Desk) -> None:
    (desk.source / "x").write_bytes(gzip.compress(PLAIN))
    op = CopyOp("ADD", (TreeSource(ContextTree(), "/x", "x"),), "/o", unpack=None)
    entries = [one for one in desk.entries(op) if one.content is not None]
    for entry in [*reversed(entries), *entries]:
        parts: list[bytes] = []
        assert entry.content is not None
        entry.content.copy_to(parts.append)
        assert b"".join(parts) == {"o/d/a": b"A", "o/top": b"T"}[entry.path]
    assert not list(desk.temporary.iterdir())


def test_deep_paths_cost_no_square(desk: Desk) -> None:
    deep = "/".join(["x"] * 1500)
    found = add(desk, tar_of(*((f"{deep}/{number}", FILE, "") for number in range(5))), "/")
    assert len(found) == 1505
    again = add(desk, tar_of((f"{deep}/a", FILE, ""), ("y", LINK, deep), ("y/b", FILE, "")), "/")
    assert f"{deep}/b" in again
