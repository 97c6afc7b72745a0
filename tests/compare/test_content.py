"""Differences in content are found where they are: in a line, a byte, a header, a member of a member."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.executor.compare.content import diff_lines
from tests.compare.conftest import file, findings, pack


def _zip(*members: tuple[str, str, int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text, year in members:
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), text)
    return out.getvalue()


def _ar(time: int, content: bytes = b"code", name: bytes = b"a.o/") -> bytes:
    header = b"%-16b%-12d%-6d%-6d%-8b%-10d`\n" % (name, time, 0, 0, b"100644", len(content))
    return b"!<arch>\n" + header + content + b"\n" * (len(content) % 2)


def _pyc(time: int, code: bytes = b"code") -> bytes:
    return struct.pack("<4sIII", b"\xa7\x0d\r\n", 0, time, 9) + code


def test_text_is_shown_as_a_diff() -> None:
    (only,) = findings(b"a\nb\nc\n", b"a\nB\nc\n")
    assert only.form == "text"
    assert only.excerpt == (" a", "-b", "+B", " c")


def test_the_same_lines_in_another_order_are_called_so() -> None:
    assert findings(b"a\nb\n", b"b\na\n")[0].form == "order"


def test_bytes_are_shown_at_the_first_difference() -> None:
    (only,) = findings(bytes(5000) + b"\x01", bytes(5000) + b"\x02")
    assert "0x1388" in only.summary
    assert only.excerpt[0].startswith("-00001380")


def test_a_long_text_is_bounded() -> None:
    before = "".join(f"{number}\n" for number in range(5000)).encode()
    after = "".join(f"x{number}\n" for number in range(5000)).encode()
    assert len(findings(before, after)[0].excerpt) < 40


def test_a_time_in_a_gzip_header_is_found() -> None:
    (only,) = findings(gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2))
    assert only.form == "time"
    assert "1970-01-01T00:00:01Z -> 1970-01-01T00:00:02Z" in only.summary


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_text_is_compared_as_text(compress: object) -> None:
    assert callable(compress)
    options = {"mtime": 0} if compress is gzip.compress else {}
    (only,) = findings(compress(b"one\n", **options), compress(b"two\n", **options))
    assert only.where == ("(decompressed)",)
    assert only.excerpt == ("-one", "+two")


def test_another_compression_of_the_same_is_called_so() -> None:
    (only,) = findings(lzma.compress(b"x" * 99, preset=0), lzma.compress(b"x" * 99, preset=9))
    assert only.form == "header"


def test_a_member_of_an_archive_in_an_archive_is_found() -> None:
    before = gzip.compress(pack(file("in/deep", b"1\n"), file("same")), mtime=0)
    after = gzip.compress(pack(file("in/deep", b"2\n"), file("same")), mtime=0)
    (only,) = findings(before, after)
    assert only.where == ("(decompressed)", "in/deep")
    assert only.excerpt == ("-1", "+2")


def test_times_and_order_in_a_tar_are_found() -> None:
    (time,) = findings(pack(file("a", mtime=1)), pack(file("a", mtime=2)))
    assert (time.form, time.where) == ("time", ("a",))
    (order,) = findings(pack(file("a"), file("b")), pack(file("b"), file("a")))
    assert order.form == "order"


def test_times_names_and_content_in_a_zip_are_found() -> None:
    (time,) = findings(_zip(("a", "x", 2000)), _zip(("a", "x", 2001)))
    assert (time.form, time.where) == ("time", ("a",))
    (content,) = findings(_zip(("a", "x\n", 2000)), _zip(("a", "y\n", 2000)))
    assert content.excerpt == ("-x", "+y")
    (added,) = findings(_zip(("a", "x", 2000)), _zip(("a", "x", 2000), ("b", "x", 2000)))
    assert (added.form, added.where) == ("added", ("b",))


def test_times_and_content_in_an_ar_archive_are_found() -> None:
    (time,) = findings(_ar(1), _ar(2))
    assert (time.form, time.where) == ("time", ("a.o/",))
    (content,) = findings(_ar(1, b"one\n"), _ar(1, b"two\n"))
    assert content.where == ("a.o/",)


def _cpio(*members: tuple[bytes, int, bytes]) -> bytes:
    out = b""
    for name, inode, content in (*members, (b"TRAILER!!!", 0, b"")):
        values = (inode, 0o100644, 0, 0, 1, 5, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % one for one in values) + name + b"\0"
        out += bytes(-len(out) % 4) + content
        out += bytes(-len(out) % 4)
    return out


def test_inodes_and_content_in_a_cpio_archive_are_found() -> None:
    (inode,) = findings(_cpio((b"a", 1, b"x")), _cpio((b"a", 2, b"x")))
    assert (inode.summary, inode.where) == ("cpio header: inode 1 -> 2", ("a",))
    one = _cpio((b"a", 1, b"same"), (b"b", 1, b"one\n"))
    (content,) = findings(one, _cpio((b"a", 1, b"same"), (b"b", 1, b"two\n")))
    assert (content.where, content.excerpt) == (("b",), ("-one", "+two"))


def test_the_time_in_bytecode_is_found() -> None:
    (only,) = findings(_pyc(1), _pyc(2), "x.cpython-311.pyc")
    assert only.summary.startswith("bytecode header: time of the source")
    assert len(findings(_pyc(1), _pyc(2, b"else"), "x.pyc")) == 2


@pytest.mark.parametrize(
    "start",
    [b"\x1f\x8b\x08\0", b"PK\x03\x04", b"!<arch>\n", b"\xfd7zXZ\0", b"BZh9", b"\x28\xb5\x2f\xfd"],
)
def test_what_only_looks_like_an_archive_is_compared_as_bytes(start: bytes) -> None:
    (*_, last) = findings(start + b"\0broken 1", start + b"\0broken 2")
    assert last.form in ("binary", "header")


@given(st.binary(max_size=600), st.binary(max_size=600), st.sampled_from(("f", "f.pyc")))
def test_there_is_a_finding_exactly_when_bytes_differ(one: bytes, other: bytes, name: str) -> None:
    assert bool(findings(one, other, name)) == (one != other)


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_a_diff_names_a_line_exactly_when_lines_differ(one: list[str], other: list[str]) -> None:
    changed = [line for line in diff_lines(one, other) if line[:1] in "+-"]
    assert bool(changed) == (one != other)
