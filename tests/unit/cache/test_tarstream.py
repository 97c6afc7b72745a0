"""Tars are read front to back, whoever made them."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.cache.tarstream import TarEntry, TarReader
from lithify.errors import Corrupt


def make(form: int, *entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in entries:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def named(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def read_all(data: bytes) -> list[tuple[TarEntry, bytes]]:
    reader = TarReader(io.BytesIO(data))
    found = []
    for entry in reader:
        content = b""
        while piece := reader.read(100):
            content += piece
        found.append((entry, content))
    return found


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_entries_of_every_form_are_read(form: int) -> None:
    data = make(
        form,
        (named("a/" * 30 + "b" * 80), b"x" * 1000),
        (named("link", tarfile.SYMTYPE, "../target"), b""),
        (named("hard", tarfile.LNKTYPE, "a"), b""),
        (named("folder", tarfile.DIRTYPE), b""),
    )
    entries = read_all(data)
    assert [one.kind for one, _ in entries] == ["file", "symlink", "hardlink", "other"]
    assert entries[0] == (TarEntry("a/" * 30 + "b" * 80, "file", 1000, ""), b"x" * 1000)
    assert entries[1][0].target == "../target"


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_foreign_names_are_read(form: int) -> None:
    name, target = "ä" * 200, "ö" * 150
    data = make(form, (named(name, tarfile.SYMTYPE, target), b""), (named("next"), b"y"))
    (first, _), (second, content) = read_all(data)
    assert (first.name, first.target) == (name, target)
    assert (second.name, content) == ("next", b"y")


def test_contents_may_be_skipped() -> None:
    data = make(tarfile.PAX_FORMAT, (named("a"), b"x" * 5000), (named("b"), b"y"))
    assert [entry.name for entry in TarReader(io.BytesIO(data))] == ["a", "b"]


def test_cut_off_archive_is_refused() -> None:
    data = make(tarfile.PAX_FORMAT, (named("a"), b"x" * 5000))
    for length in (100, 600, 5000):
        with pytest.raises(Corrupt, match="ends"):
            read_all(data[:length])


def test_what_is_no_tar_is_refused() -> None:
    with pytest.raises(Corrupt, match="not a tar archive"):
        read_all(b"#!/bin/sh\n" * 100)


def test_header_that_promises_gigabytes_is_refused_unread() -> None:
    info = named("x", tarfile.XHDTYPE)
    info.size = 1 << 35
    with pytest.raises(Corrupt, match="too large"):
        read_all(info.tobuf(tarfile.GNU_FORMAT) + bytes(512))


def test_sparse_files_are_refused_with_advice() -> None:
    with pytest.raises(Corrupt, match="without --sparse"):
        read_all(named("x", tarfile.GNUTYPE_SPARSE).tobuf(tarfile.GNU_FORMAT))


def test_global_headers_are_passed_over() -> None:
    out = io.BytesIO()
    pax = {"comment": "0123", "path": "evil"}
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers=pax) as archive:
        archive.addfile(named("a"))
    assert [entry.name for entry, _ in read_all(out.getvalue())] == ["a"]


GOOD = make(tarfile.PAX_FORMAT, (named("ä" * 200), b"x" * 700), (named("b"), b""))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_any_damage_gives_entries_or_a_clean_error(at: int, byte: int) -> None:
    damaged = bytearray(GOOD)
    damaged[at] = byte
    try:
        read_all(bytes(damaged))
    except Corrupt:
        return
