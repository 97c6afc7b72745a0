"""Contexts that arrive as a stream: archives of every kind, hostile ones, and plain Dockerfiles."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from lithify.cache.trees import remove_tree
from lithify.errors import BuildError, Cancelled, LithifyError
from lithify.executor.access import Access, Bounds
from lithify.executor.remote.streams import StreamedContext, open_stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _opened(data: bytes, tmp_path: Path) -> StreamedContext:
    return open_stream(io.BytesIO(data), tmp_path, Access())


def _tar(*members: tuple[str, bytes, str]) -> bytes:
    """Members as (name, type, link target); files hold their own name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, target, 0o755
            data = name.encode() if kind == tarfile.REGTYPE else b""
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


FILE, DIRECTORY, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:bz2", "w:xz"])
def test_archives_of_all_kinds_are_contexts(
    tar_of: Callable[..., bytes], tmp_path: Path, kind: str
) -> None:
    opened = _opened(tar_of({"Dockerfile": "D", "./a/b": "B"}, kind), tmp_path)
    with opened.tree as tree:
        stat = tree.lstat("a/b")
        assert stat is not None
        assert (stat.size, stat.uid, stat.mtime_ns) == (1, 0, 6_000_000_000)
    assert (opened.text, opened.time_s) == (None, 6)


def test_what_is_no_archive_is_the_dockerfile(tmp_path: Path) -> None:
    opened = _opened(b"FROM scratch\n", tmp_path)
    with opened.tree as tree:
        assert tree.scan("") == []
    assert (opened.text, opened.time_s) == (b"FROM scratch\n", None)


def test_modes_links_and_fifos_arrive(tmp_path: Path) -> None:
    data = _tar(
        ("locked", DIRECTORY, ""),
        ("locked/f", FILE, ""),
        ("soft", LINK, "/etc/passwd"),
        ("hard", HARD, "locked/f"),
        ("pipe", tarfile.FIFOTYPE, ""),
        ("hard", HARD, "hard"),
        ("locked/f", FILE, ""),
    )
    with _opened(data, tmp_path).tree as tree:
        assert tree.readlink("soft") == "/etc/passwd"
        assert [name for name, _ in tree.scan("")] == ["hard", "locked", "pipe", "soft"]


def test_names_stay_inside(tmp_path: Path) -> None:
    with _opened(_tar(("../../up", FILE, ""), ("/abs", FILE, "")), tmp_path).tree as tree:
        assert [name for name, _ in tree.scan("")] == ["abs", "up"]
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("l", LINK, "/tmp"), ("l/f", FILE, "")], "puts something below 'l'"),
        ([("l", LINK, ".."), ("l/x/f", FILE, "")], "puts something below 'l/x'"),
        ([("f", FILE, ""), ("f/g", FILE, "")], "puts something below 'f'"),
        ([("l", LINK, "/tmp"), ("l", DIRECTORY, "")], "below 'l', which is no directory"),
        ([("h", HARD, "nothing")], "links 'h' to 'nothing'"),
        ([("l", LINK, "/etc"), ("h", HARD, "l/passwd")], "links 'h' to 'l/passwd'"),
        ([("d/f", FILE, ""), ("d", FILE, "")], "replaces the directory 'd'"),
        ([("dev", tarfile.CHRTYPE, "")], "holds the device 'dev'"),
        ([(".", FILE, "")], "makes its root something else"),
        ([("x" * 300, FILE, "")], "cannot unpack"),
    ],
)
def test_hostile_archives_are_refused(
    tmp_path: Path, members: list[tuple[str, bytes, str]], why: str
) -> None:
    with pytest.raises(LithifyError, match=why):
        _opened(_tar(*members), tmp_path)


def test_deep_archives_do_not_break_the_stack(tmp_path: Path) -> None:
    try:
        with _opened(_tar(("d/" * 1500 + "f", FILE, "")), tmp_path).tree as tree:
            assert [name for name, _ in tree.scan("")] == ["d"]
    finally:
        for made in tmp_path.iterdir():
            remove_tree(made)


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:xz"])
def test_a_broken_archive_is_the_users_error(
    tar_of: Callable[..., bytes], tmp_path: Path, kind: str
) -> None:
    data = tar_of({"Dockerfile": os.urandom(4000)}, kind)
    with pytest.raises(LithifyError, match="the context on standard input"):
        _opened(data[: len(data) // 4], tmp_path)


def test_streams_are_bounded(tar_of: Callable[..., bytes], tmp_path: Path) -> None:
    data = tar_of({"Dockerfile": "x" * 4000})
    with pytest.raises(BuildError, match="more than 1000 bytes"):
        open_stream(io.BytesIO(data), tmp_path, Access(bounds=Bounds(most_bytes=1000)))
    with pytest.raises(LithifyError, match="the Dockerfile on standard input has more than"):
        _opened(b"#" * (17 * 1024 * 1024), tmp_path)


def test_a_stopped_build_stops_reading(tar_of: Callable[..., bytes], tmp_path: Path) -> None:
    access = Access()
    access.cancellation.cancel()
    with pytest.raises(Cancelled):
        open_stream(io.BytesIO(tar_of({"a": "b"})), tmp_path, access)
