"""Owns the look inside: gzip and its kin, tar, zip, ar, cpio and Python bytecode, opened to find the member that differs.

A digest of an archive says nothing; the time in a gzip header says all. Each form tells its own header fields first and
then compares what it holds, to a bounded depth and size. Whatever turns out not to be what it claims to be is left to
the comparison of bytes. It refuses to write members anywhere but into nameless temporary files.

Specification: RFC 1952 (gzip), POSIX.1-2017 (tar), the ar(5) common format, cpio(5), APPNOTE 6.3 (zip), PEP 552 (pyc).
"""

from __future__ import annotations

import struct
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, cast

from lithify.errors import ContentError
from lithify.executor.compare.ar import compare_ar
from lithify.executor.compare.content import compare_bytes, first_difference, within
from lithify.executor.compare.cpio import MAGICS, compare_cpio
from lithify.executor.compare.members import aspects_of, read_members, read_raw, show_time
from lithify.executor.compare.model import Finding
from lithify.executor.compare.packing import find_headers, find_order
from lithify.executor.compare.zips import compare_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from lithify.executor.compare.members import Member
    from lithify.executor.compare.model import Form

    Found = tuple[Finding, ...]

MOST_DEPTH = 4
#: Of one content, unpacked. What is larger is compared as it is.
MOST_UNPACKED_BYTES = 256 * 1024 * 1024
MOST_FINDINGS = 12
_CHUNK = 256 * 1024
_GZIP = b"\x1f\x8b"
_PYC_HEADER_BYTES = 16
_PYC_END = b"\r\n"


def compare_content(before: BinaryIO, after: BinaryIO, name: str, depth: int = 0) -> Found:
    """How two seekable contents differ, into archives; empty if they do not. `name` ends as the file does.

    Raises OSError when they cannot be read."""
    if first_difference(before, after) is None:
        return ()
    compare = _form_of(_head(before), _head(after), name) if depth < MOST_DEPTH else None
    if compare is not None:
        try:
            found = compare(before, after, depth)
        except (ContentError, ValueError, EOFError, OverflowError, struct.error):
            found = ()  # it is not what its start says
        if found:
            return found[:MOST_FINDINGS]
    plain = compare_bytes(before, after)
    return () if plain is None else (plain,)


def _head(content: BinaryIO) -> bytes:
    content.seek(0)
    return content.read(512)


def _form_of(
    before: bytes, after: bytes, name: str
) -> Callable[[BinaryIO, BinaryIO, int], Found] | None:
    """The comparison for what both contents are."""
    both = (before, after)
    if all(head.startswith(_GZIP) for head in both):
        return _compare_gzip
    if all(head[:6] == b"\xfd7zXZ\0" for head in both):
        return _compare_xz
    if all(head[:3] == b"BZh" for head in both):
        return _compare_bz2
    if all(head[:4] == b"\x28\xb5\x2f\xfd" for head in both):
        return _compare_zstd
    if all(head[257:262] == b"ustar" for head in both):
        return _compare_tar
    if all(head[:4] in (b"PK\x03\x04", b"PK\x05\x06") for head in both):
        return lambda one, other, depth: compare_zip(one, other, depth, compare_content)
    if all(head[:8] == b"!<arch>\n" for head in both):
        return lambda one, other, depth: compare_ar(one, other, depth, compare_content)
    if all(head[:6] in MAGICS for head in both):
        return lambda one, other, depth: compare_cpio(one, other, depth, compare_content)
    if name.endswith(".pyc") and all(head[2:4] == _PYC_END for head in both):
        return _compare_pyc
    return None


# -- compressed files -----------------------------------------------------------------------------


def _compare_gzip(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    left, right = _gzip_header(before), _gzip_header(after)
    found = tuple(
        Finding("time" if name == "time" else "header", f"gzip header: {name} {one} -> {other}")
        for (name, one), (_, other) in zip(left, right, strict=True)
        if one != other
    )
    import gzip

    return _inside(before, after, depth, lambda file: cast("BinaryIO", gzip.open(file)), found)


def _gzip_header(content: BinaryIO) -> tuple[tuple[str, str], ...]:
    """The fields of a member header that are no length (RFC 1952, section 2.3)."""
    head = _head(content)
    _, _, method, flags, time, extra, system = struct.unpack_from("<BBBBIBB", head)
    name = ""
    if flags & 0x08 and not flags & 0x04:
        name = head[10:].split(b"\0", 1)[0].decode("latin-1")
    return (
        ("time", show_time(time) if time else "none"),
        ("name", repr(name)),
        ("flags", f"{flags:#04x}"),
        ("method", str(method)),
        ("extra flags", str(extra)),
        ("operating system", str(system)),
    )


def _compare_xz(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    import lzma

    return _inside(before, after, depth, lambda file: cast("BinaryIO", lzma.open(file)))


def _compare_bz2(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    import bz2

    return _inside(before, after, depth, lambda file: cast("BinaryIO", bz2.open(file)))


def _compare_zstd(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    import zstandard

    limit = 128 * 1024 * 1024
    decompressor = zstandard.ZstdDecompressor(max_window_size=limit)
    return _inside(
        before,
        after,
        depth,
        lambda file: cast("BinaryIO", decompressor.stream_reader(file, closefd=False)),
    )


def _inside(
    before: BinaryIO,
    after: BinaryIO,
    depth: int,
    opened: Callable[[BinaryIO], BinaryIO],
    headers: Found = (),
) -> Found:
    """Compare what two compressed files hold, after what their `headers` differ in."""
    with TemporaryFile() as one, TemporaryFile() as other:
        for packed, plain in ((before, one), (after, other)):
            packed.seek(0)
            if not _unpack(opened(packed), cast("BinaryIO", plain)):
                return headers
        inner = compare_content(cast("BinaryIO", one), cast("BinaryIO", other), "", depth + 1)
    if not inner and not headers:
        return (Finding("header", "compressed differently; what is inside is the same"),)
    return (*headers, *within("(decompressed)", inner))


def _unpack(source: BinaryIO, target: BinaryIO) -> bool:
    """Copy what a decompressor gives; False if it is too much or damaged."""
    import lzma
    import zlib

    import zstandard

    written = 0
    try:
        while data := source.read(_CHUNK):
            written += target.write(data)
            if written > MOST_UNPACKED_BYTES:
                return False
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError):
        return False
    return True


# -- tar ------------------------------------------------------------------------------------------


def _compare_tar(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    lists = []
    for content in (before, after):
        content.seek(0)
        lists.append(list(read_members(content, "the archive")))
    left, right = dict(lists[0]), dict(lists[1])
    found = [*_names_only_in(left, right, "removed"), *_names_only_in(right, left, "added")]
    order = find_order([path for path, _ in lists[0]], [path for path, _ in lists[1]])
    found += [order] if order else []
    differing = []
    for path in left.keys() & right.keys():
        for aspect in aspects_of(left[path], right[path]):
            form: Form = "time" if aspect.name == "mtime" else "metadata"
            text = f"{aspect.name} {aspect.before} -> {aspect.after}"
            found.append(Finding(form, text, (path,)))
        if left[path].digest != right[path].digest:
            differing.append(path)
    for path in sorted(differing)[:MOST_FINDINGS]:
        with TemporaryFile() as one, TemporaryFile() as other:
            _extract(before, path, cast("BinaryIO", one))
            _extract(after, path, cast("BinaryIO", other))
            inner = compare_content(cast("BinaryIO", one), cast("BinaryIO", other), path, depth + 1)
        found += within(path, inner)
    if not found:
        found += find_headers(left, right, lambda: _reopened(before), lambda: _reopened(after))
    return tuple(sorted(found, key=lambda one: one.where)[:MOST_FINDINGS])


def _names_only_in(
    members: Mapping[str, Member], others: Mapping[str, Member], form: str
) -> list[Finding]:
    names = sorted(members.keys() - others.keys())[:MOST_FINDINGS]
    if form == "added":
        return [Finding("added", "only in the second", (name,)) for name in names]
    return [Finding("removed", "only in the first", (name,)) for name in names]


def _reopened(content: BinaryIO) -> BinaryIO:
    """The same bytes from the start; closing the copy leaves the original open."""
    content.seek(0)
    return open(content.fileno(), "rb", closefd=False)


def _extract(content: BinaryIO, path: str, target: BinaryIO) -> None:
    content.seek(0)
    for raw in read_raw(content, "the archive"):
        if raw.path == path:
            target.seek(0)
            target.truncate()
            raw.tar.copy_to(target.write)


# -- Python bytecode ------------------------------------------------------------------------------


def _compare_pyc(before: BinaryIO, after: BinaryIO, depth: int) -> Found:
    left, right = _pyc_header(before), _pyc_header(after)
    found = [
        Finding(
            "time" if name == "time of the source" else "header",
            f"bytecode header: {name} {one} -> {other}",
        )
        for (name, one), (other_name, other) in zip(left, right, strict=False)
        if (name, one) != (other_name, other)
    ]
    bodies = []
    for content in (before, after):
        content.seek(_PYC_HEADER_BYTES)
        bodies.append(content)
    if found and _same_rest(*bodies):
        return tuple(found)
    plain = compare_bytes(before, after)
    return (*found, plain) if plain else tuple(found)


def _same_rest(before: BinaryIO, after: BinaryIO) -> bool:
    while True:
        left, right = before.read(_CHUNK), after.read(_CHUNK)
        if left != right:
            return False
        if not left:
            return True


def _pyc_header(content: BinaryIO) -> tuple[tuple[str, str], ...]:
    """PEP 552: magic, flags, then time and size of the source, or its hash."""
    content.seek(0)
    magic, flags, third, fourth = struct.unpack("<4sIII", content.read(_PYC_HEADER_BYTES))
    start = (("magic", str(int.from_bytes(magic[:2], "little"))), ("flags", str(flags)))
    if flags & 1:
        return (*start, ("hash of the source", f"{third:08x}{fourth:08x}"))
    return (*start, ("time of the source", show_time(third)), ("size of the source", str(fourth)))
