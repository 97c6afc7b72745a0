"""Any tree: entries -> tar -> unpacked -> changes -> the same tar."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.layer import write_layer
from lithify.executor.snapshot.changes import Changes, TimeRule
from lithify.executor.snapshot.lower import Lower
from lithify.executor.snapshot.unpack import unpack
from lithify.executor.tarreader import read_tar

if TYPE_CHECKING:
    from collections.abc import Iterable

EPOCH = 315532800
NEVER = 1 << 62

NAMES = st.one_of(
    st.sampled_from(["a", "b", "a-b", "a0", "é", "x" * 110, "wh", "\udcff"]),
    st.text(
        st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]),
        min_size=1,
        max_size=9,
    ),
).filter(
    lambda name: (
        name not in (".", "..") and not name.startswith(".wh.") and len(os.fsencode(name)) < 200
    )
)
XATTRS = st.dictionaries(st.sampled_from(["user.a", "user.b"]), st.binary(max_size=20), max_size=2)
IDS = st.sampled_from([0, 1, 1000, 2097151, 2097152, 2**31])
TIMES = st.sampled_from([0, 1, EPOCH, 2**31])


def _attributes(draw: st.DrawFn, kind: Kind) -> dict[str, object]:
    return {
        "mode": 0o777 if kind is Kind.SYMLINK else draw(st.integers(0, 0o7777)),
        "uid": draw(IDS),
        "gid": draw(IDS),
        "mtime": draw(TIMES),
    }


@st.composite
def trees(draw: st.DrawFn) -> list[Entry]:
    """Entries of a layer whose parents are all named."""
    entries: dict[str, Entry] = {}
    directories = [""]
    for _ in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from(directories))
        name = draw(NAMES)
        path = f"{parent}/{name}" if parent else name
        if path in entries:
            continue
        kind = draw(st.sampled_from([k for k in Kind if k is not Kind.OPAQUE]))
        entry = _make(draw, kind, path, entries)
        if entry.kind is Kind.DIRECTORY:
            directories.append(path)
        entries[path] = entry
    if draw(st.booleans()):
        entries[""] = Entry("", Kind.DIRECTORY, mode=0o711, mtime=5)
    return list(entries.values())


def _make(draw: st.DrawFn, kind: Kind, path: str, entries: dict[str, Entry]) -> Entry:
    if kind is Kind.WHITEOUT:
        return Entry(path, kind)
    linkable = [
        one.path
        for one in entries.values()
        if one.kind not in (Kind.WHITEOUT, Kind.DIRECTORY) and one.path
    ]
    if kind is Kind.HARDLINK and linkable:
        return Entry(path, kind, target=draw(st.sampled_from(linkable)))
    if kind is Kind.HARDLINK:
        kind = Kind.FILE
    entry = Entry(path, kind, **_attributes(draw, kind))  # type: ignore[arg-type]
    if kind is Kind.FILE:
        entry.content = Bytes(draw(st.binary(max_size=1500)))
    if kind in (Kind.FILE, Kind.DIRECTORY):
        entry.xattrs = tuple(sorted(draw(XATTRS).items()))
    if kind is Kind.SYMLINK:
        entry.target = draw(st.sampled_from(["a", "/etc/passwd", "../é", "t" * 150]))
    if kind in (Kind.CHARACTER, Kind.BLOCK):
        entry.device = draw(st.sampled_from([(1, 3), (4095, 1048575)]))
    return entry


def tar_of(entries: Iterable[Entry]) -> bytes:
    out = io.BytesIO()
    write_layer(entries, out.write, logical_time=EPOCH)
    return out.getvalue()


@given(trees(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_tar_does_not_depend_on_the_order_of_entries(
    entries: list[Entry], random: object
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tar_of(shuffled) == tar_of(entries)


@given(trees())
@settings(max_examples=60, deadline=None)
def test_other_readers_see_the_same_metadata(entries: list[Entry]) -> None:
    data = tar_of(entries)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = archive.getmembers()
    for own, other in zip(read_tar(io.BytesIO(data)), theirs, strict=True):
        entry = own.entry
        assert entry.path == ("" if other.name == "." else other.name)
        assert (entry.mode, entry.uid, entry.gid) == (other.mode, other.uid, other.gid)
        assert (entry.mtime, own.size) == (other.mtime, other.size)
        assert entry.target == other.linkname


@pytest.mark.root
@given(trees())
@settings(max_examples=60, deadline=None)
def test_unpacking_and_reading_changes_is_a_fixed_point(entries: list[Entry]) -> None:
    data = tar_of(entries)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "root"
        directory.mkdir()
        lower = Lower(lambda: None)
        assert unpack(io.BytesIO(data), directory, lower, "the layer") is False
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            changes = Changes(fd, lower, TimeRule(NEVER, EPOCH))
            changes.scan()
            assert tar_of(changes.finish()) == data
        finally:
            os.close(fd)
