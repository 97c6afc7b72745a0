"""Packages are content from outside: read one file, refuse everything that is not a package."""

from __future__ import annotations

import io
import lzma
import tarfile

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.errors import Corrupt
from lithify.executor.bootstrap.deb import read_file


def tar_of(name: str, data: bytes, *, kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = "/etc/shadow" if kind != tarfile.REGTYPE else ""
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def deb_of(data_name: str, data: bytes) -> io.BytesIO:
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0\n"), ("control.tar", b"odd"), (data_name, data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        out += content + b"\n" * (len(content) % 2)
    return io.BytesIO(out)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        ("", bytes),
        (".xz", lzma.compress),
        (".zst", zstandard.ZstdCompressor().compress),
    ],
)
def test_a_file_is_read_from_data_of_every_compression(suffix: str, compress: object) -> None:
    data = compress(tar_of("./bin/busybox", b"program"))  # type: ignore[operator]
    assert read_file(deb_of(f"data.tar{suffix}", data), ("bin/busybox",)) == b"program"


def test_a_symlink_of_the_right_name_is_not_followed() -> None:
    package = deb_of("data.tar", tar_of("./bin/busybox", b"", kind=tarfile.SYMTYPE))
    with pytest.raises(Corrupt, match="holds none of: bin/busybox"):
        read_file(package, ("bin/busybox",))


def test_a_path_that_climbs_is_not_the_file_asked_for() -> None:
    package = deb_of("data.tar", tar_of("./usr/../bin/busybox", b"x"))
    with pytest.raises(Corrupt, match="holds none of"):
        read_file(package, ("bin/busybox",))


def test_a_decompression_bomb_is_refused_at_the_limit() -> None:
    bomb = lzma.compress(bytes(80 * 1024 * 1024), preset=0)
    with pytest.raises(Corrupt, match="is larger than"):
        read_file(deb_of("data.tar.xz", bomb), ("bin/busybox",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04", "does not begin as an ar archive"),
        (b"!<arch>\n" + b"x" * 60, "damaged ar header"),
        (b"!<arch>\n" + b"x" * 48 + b"99999999999"[:10] + b"`\n", "without a sensible size"),
        (b"!<arch>\n" + b"data.tar".ljust(48) + b"100".ljust(10) + b"`\n" + b"abc", "ends early"),
        (b"!<arch>\n", "holds no data.tar"),
    ],
)
def test_what_is_not_a_package_is_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(Corrupt, match=message):
        read_file(io.BytesIO(content), ("bin/busybox",))


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_damaged_package_gives_an_error_and_never_another_exception(at: int, value: int) -> None:
    raw = bytearray(deb_of("data.tar.xz", lzma.compress(tar_of("bin/busybox", b"x" * 99))).read())
    raw[at % len(raw)] = value
    try:
        read_file(io.BytesIO(bytes(raw)), ("bin/busybox",))
    except Corrupt:
        pass
