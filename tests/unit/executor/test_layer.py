"""The canonical layer form, version 1, byte for byte and as another reader sees it."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError
from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.layer import write_layer

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = 315532800


def made(*entries: Entry, clamp: bool = False) -> bytes:
    out = io.BytesIO()
    write_layer(entries, out.write, logical_time=EPOCH, clamp=clamp)
    return out.getvalue()


def read(*entries: Entry, clamp: bool = False) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(made(*entries, clamp=clamp))) as archive:
        return archive.getmembers()


def file(path: str, text: str = "", **facts: int) -> Entry:
    return Entry(path, Kind.FILE, content=Bytes(text.encode()), **facts)


def test_the_empty_layer_is_two_zero_blocks() -> None:
    assert made() == bytes(1024)


def test_the_form_is_pinned() -> None:
    data = made(
        Entry("d", Kind.DIRECTORY, 0o755),
        file("d/f", "content", mode=0o4755, uid=1000, gid=1000, mtime=1),
        Entry("d/l", Kind.SYMLINK, 0o777, target="f"),
        Entry("d/gone", Kind.WHITEOUT),
        Entry("d/ü", Kind.HARDLINK, target="d/f"),
    )
    digest = hashlib.sha256(data).hexdigest()
    assert digest == "92f92066dcdb60a96f1289befa1bfe4bc6b6b0293cd3ee5c40e861cd964179d5"


def test_order_is_by_bytes_with_parents_first_however_given() -> None:
    entries = [
        file("a/b"),
        file("a-b"),
        Entry("a", Kind.DIRECTORY),
        file("é"),
        file("z"),
        file("a0"),
    ]
    names = [member.name for member in read(*entries)]
    assert names == ["a", "a-b", "a/b", "a0", "z", "é"]
    assert made(*reversed(entries)) == made(*entries)


def test_links_point_to_the_first_name_in_order() -> None:
    members = read(
        Entry("b", Kind.HARDLINK, target="c"),
        file("d", "text", mode=0o600),
        Entry("c", Kind.HARDLINK, target="d"),
    )
    assert [(one.name, one.type, one.linkname) for one in members] == [
        ("b", tarfile.REGTYPE, ""),
        ("c", tarfile.LNKTYPE, "b"),
        ("d", tarfile.LNKTYPE, "b"),
    ]
    assert {one.mode for one in members} == {0o600}


@pytest.mark.parametrize("target", ["absent", "self", "loop", "dir"])
def test_a_hard_link_to_nothing_is_refused(target: str) -> None:
    entries = [
        Entry("self", Kind.HARDLINK, target=target),
        Entry("loop", Kind.HARDLINK, target="self"),
        Entry("dir", Kind.DIRECTORY),
    ]
    with pytest.raises(BuildError, match="hard link"):
        made(*entries)


def test_whiteouts_are_empty_files_of_no_time() -> None:
    first, second = read(Entry("d/x", Kind.WHITEOUT), Entry("d", Kind.OPAQUE))
    assert (first.name, first.mode, first.mtime, first.size) == ("d/.wh..wh..opq", 0, 0, 0)
    assert (second.name, second.mode, second.mtime, second.size) == ("d/.wh.x", 0, 0, 0)


def test_directories_end_in_a_slash_and_nothing_else_names_owners() -> None:
    data = made(Entry("d", Kind.DIRECTORY, 0o755))
    assert data[:3] == b"d/\0"
    assert data[257:345] == b"ustar\x0000" + bytes(64) + b"0000000\x000000000\x00"


@pytest.mark.parametrize(
    ("entry", "is_pax"),
    [
        (file("n" * 100), False),
        (file("n" * 101), True),
        (file("p" * 155 + "/" + "n" * 100), False),
        (file("p" * 156 + "/" + "n" * 100), True),
        (Entry("d" * 99, Kind.DIRECTORY), False),
        (Entry("d" * 100, Kind.DIRECTORY), True),
        (file("é"), True),
        (file("f", uid=0o7777777), False),
        (file("f", uid=0o10000000), True),
        (file("f", gid=2**32 - 2), True),
        (file("f", mtime=-1), True),
        (file("f", mtime=0o77777777777), False),
        (file("f", mtime=0o100000000000), True),
        (Entry("l", Kind.SYMLINK, target="t" * 100), False),
        (Entry("l", Kind.SYMLINK, target="t" * 101), True),
        (Entry("f", Kind.FILE, xattrs=(("user.a", b"\n=\0"),), content=Bytes(b"")), True),
        (Entry("f", Kind.FILE, xattrs=(("trusted.a", b"x"),), content=Bytes(b"")), False),
    ],
)
def test_pax_only_where_ustar_cannot_hold_a_value(entry: Entry, is_pax: bool) -> None:
    data = made(entry)
    assert (data[156:157] == b"x") is is_pax
    (member,) = read(entry)
    assert member.name == entry.path
    assert (member.uid, member.gid, member.linkname) == (entry.uid, entry.gid, entry.target)
    assert member.mtime == (EPOCH if entry.mtime is None else entry.mtime)


def test_a_file_too_large_for_ustar_gets_a_pax_size() -> None:
    from lithify.executor.tarheader import FILE, header

    assert b"19 size=8589934592\n" in header(b"f", FILE, size=8 * 1024**3)


def test_attributes_other_than_capabilities_and_users_are_left_out() -> None:
    names = ("security.capability", "user.x", "user.overlay.opaque", "user.a=b", "security.selinux")
    entry = Entry("f", Kind.FILE, xattrs=tuple((n, b"v") for n in names), content=Bytes(b""))
    (member,) = read(entry)
    assert set(member.pax_headers) == {"SCHILY.xattr.security.capability", "SCHILY.xattr.user.x"}


def test_clamping_lowers_later_times_only() -> None:
    assert [m.mtime for m in read(file("a", mtime=5), file("b", mtime=EPOCH + 5), clamp=True)] == [
        5,
        EPOCH,
    ]
    assert read(file("b", mtime=EPOCH + 5))[0].mtime == EPOCH + 5


class _Changing:
    size = 10

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        write(b"short")


def test_content_that_changes_while_read_is_an_error() -> None:
    with pytest.raises(BuildError, match="changed while it was read"):
        made(Entry("f", Kind.FILE, content=_Changing()))


class _Large:
    size = 64 * 1024 * 1024

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        for _ in range(64):
            write(bytes(1024 * 1024))


def test_content_streams() -> None:
    total = []
    tracemalloc.start()
    try:
        write_layer(
            [Entry("f", Kind.FILE, content=_Large())],
            lambda data: total.append(len(data)),
            logical_time=0,
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(total) == _Large.size + 512 + 1024
    assert peak < 8 * 1024 * 1024


def test_an_overlong_path_is_an_error() -> None:
    with pytest.raises(BuildError, match="path of 4096 bytes"):
        made(file("x/" * 2047 + "yy"))
