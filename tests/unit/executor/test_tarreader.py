"""Reading tars of strangers: every dialect that is common, and no surprise from any that is
hostile."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.errors import Corrupt
from lithify.executor.entries import Kind
from lithify.executor.tarheader import FILE, PAX, header, padding
from lithify.executor.tarreader import clean_path, read_tar


def read(data: bytes) -> list[tuple[str, Kind, bytes]]:
    found = []
    for member in read_tar(io.BytesIO(data)):
        parts: list[bytes] = []
        member.copy_to(parts.append)
        found.append((member.entry.path, member.entry.kind, b"".join(parts)))
    return found


def pax(body: bytes) -> bytes:
    return header(b"x", PAX, size=len(body)) + body + padding(len(body))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_common_dialect_is_read(form: int) -> None:
    long = "/".join(["component"] * 25) if form != tarfile.USTAR_FORMAT else "short"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        info = tarfile.TarInfo(f"./{long}")
        info.size, info.uid, info.mtime = 3, 70000, 12
        archive.addfile(info, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = (
            tarfile.SYMTYPE,
            long * 3 if form != tarfile.USTAR_FORMAT else "x",
        )
        archive.addfile(link)
    members = [member.entry for member in read_tar(io.BytesIO(out.getvalue()))]
    assert [(one.path, one.kind) for one in members] == [(long, Kind.FILE), ("link", Kind.SYMLINK)]
    assert (members[0].uid, members[0].mtime) == (70000, 12)
    assert members[1].target == link.linkname


def test_base_256_numbers_are_read() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("f")
        info.uid, info.mtime = 2**31, -3
        archive.addfile(info)
    (member,) = read_tar(io.BytesIO(out.getvalue()))
    assert (member.entry.uid, member.entry.mtime) == (2**31, -3)


def test_global_headers_hold_until_a_member_overrides_them() -> None:
    shared = pax(b"9 uid=77\n").replace(b"x\0\0", b"x\0\0", 1)
    block = bytearray(shared)
    block[156:157] = b"g"
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block[:512])
    data = bytes(block) + header(b"a", FILE) + pax(b"8 uid=5\n") + header(b"b", FILE)
    assert [m.entry.uid for m in read_tar(io.BytesIO(data + bytes(1024)))] == [77, 5]


def test_content_that_is_not_read_is_skipped() -> None:
    data = b"".join(
        header(name, FILE, size=700) + bytes(700) + padding(700) for name in (b"a", b"b")
    )
    assert [m.entry.path for m in read_tar(io.BytesIO(data))] == ["a", "b"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"short", "ends within a header"),
        (b"not a tar" * 100, "holds|checksum"),
        (header(b"f", FILE, size=9), "ends within a file"),
        (header(b"f", FILE, size=600) + bytes(512), "ends within a file"),
        (header(b"f", b"S"), "sparse"),
        (header(b"f", b"Z"), "unknown type"),
        (pax(b"22 GNU.sparse.major=1\n") + header(b"f", FILE), "sparse"),
        (pax(b"99 path=x\n") + header(b"f", FILE), "malformed"),
        (pax(b"0 path=x\n") + header(b"f", FILE), "malformed"),
        (pax(b"-5 path=x\n") + header(b"f", FILE), "malformed"),
        (pax(b"12 path=a\0b\n") + header(b"f", FILE), "NUL"),
        (pax(b"11 uid=-10\n") + header(b"f", FILE), "number"),
        (pax(b"18 uid=4294967295\n") + header(b"f", FILE), "number"),
        (pax(b"12 size=1_0\n") + header(b"f", FILE), "number"),
        (pax(b"14 mtime=later\n".replace(b"14", b"15")) + header(b"f", FILE), "time"),
        (pax(b"29 size=99999999999999999999\n") + header(b"f", FILE), "number|malformed"),
        (header(b"x", PAX, size=2**21), "extended header"),
    ],
)
def test_broken_and_hostile_headers_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(Corrupt, match=message):
        read(data)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./a", "a"),
        ("/a//b/", "a/b"),
        ("../../a", "a"),
        ("a/../../b", "b"),
        (".", ""),
        ("..", ""),
        ("a/./b", "a/b"),
        ("...", "..."),
    ],
)
def test_names_become_relative_and_clean(name: str, path: str) -> None:
    assert clean_path(name) == path


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=1600), st.integers(0, 3))
def test_garbage_is_an_error_and_never_a_crash(garbage: bytes, blocks: int) -> None:
    whole = b"".join(header(b"f%d" % n, FILE) for n in range(blocks))
    try:
        read(whole + garbage)
    except Corrupt:
        pass


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), max_size=4), st.data())
def test_flipped_bytes_are_an_error_or_harmless(
    flips: list[tuple[int, int]], data: st.DataObject
) -> None:
    block = bytearray(header(b"d/f", FILE, size=20, mtime=5, mode=0o644))
    for at, value in flips:
        block[at] = value
    if data.draw(st.booleans()):
        block[148:156] = b"        "
        block[148:156] = b"%06o\0 " % sum(block)
    try:
        for path, _, _ in read(bytes(block) + bytes(1024)):
            assert ".." not in path.split("/") and not path.startswith("/")
    except Corrupt:
        pass
