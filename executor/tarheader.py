"""Owns the bytes of a tar header: ustar where it fits, a PAX header only where it does not.

It is written by hand because one form must come out on every machine and Python version, and
because the general library costs ten times as much per entry. It refuses order, content and the
meaning of names: those belong to `layer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 512
END_OF_ARCHIVE = bytes(2 * BLOCK)

FILE = b"0"
HARDLINK = b"1"
SYMLINK = b"2"
CHARACTER = b"3"
BLOCK_DEVICE = b"4"
DIRECTORY = b"5"
FIFO = b"6"
PAX = b"x"

_PAX_NAME = b"././@PaxHeader"
_ID_LIMIT = 0o10000000
_SIZE_LIMIT = 0o100000000000
_XATTR = b"SCHILY.xattr."


def padding(size: int) -> bytes:
    """The zero bytes that fill content of `size` bytes up to a whole block."""
    return bytes(-size % BLOCK)


def header(
    name: bytes,
    kind: bytes,
    *,
    mode: int = 0,
    owner: tuple[int, int] = (0, 0),
    size: int = 0,
    mtime: int = 0,
    link: bytes = b"",
    device: tuple[int, int] = (0, 0),
    xattrs: Iterable[tuple[str, bytes]] = (),
) -> bytes:
    """The header blocks of one entry (POSIX.1-2017 pax, ustar interchange format).

    `name` carries a trailing slash for a directory; `mtime` is in seconds; no user or group names
    are written.
    """
    records: dict[bytes, bytes] = {}
    prefix = b""
    if not name.isascii():
        records[b"path"] = name
        name = _ascii(name)
    elif len(name) > 100:
        prefix, short = _split(name)
        if not short:
            records[b"path"] = name
            short = name[:100]
        name = short
    if len(link) > 100 or not link.isascii():
        records[b"linkpath"] = link
        link = _ascii(link)
    uid, gid = owner
    uid = _fit(records, b"uid", uid, _ID_LIMIT)
    gid = _fit(records, b"gid", gid, _ID_LIMIT)
    size = _fit(records, b"size", size, _SIZE_LIMIT)
    mtime = _fit(records, b"mtime", mtime, _SIZE_LIMIT)
    for key, value in xattrs:
        records[_XATTR + key.encode("utf-8", "surrogateescape")] = value
    main = _ustar(name, prefix, kind, (mode & 0o7777, uid, gid, size, mtime), link, device)
    return _pax_blocks(records) + main if records else main


def _ascii(text: bytes) -> bytes:
    return bytes(byte for byte in text if byte < 128)[:100]


def _fit(records: dict[bytes, bytes], key: bytes, value: int, limit: int) -> int:
    if 0 <= value < limit:
        return value
    records[key] = b"%d" % value
    return 0


def _split(name: bytes) -> tuple[bytes, bytes]:
    """Prefix and name of the ustar fields, or two empties if no slash is in the right place."""
    at = name.rfind(b"/", 0, min(len(name) - 1, 156))
    if at <= 0 or len(name) - at - 1 > 100:
        return b"", b""
    return name[:at], name[at + 1 :]


def _ustar(
    name: bytes,
    prefix: bytes,
    kind: bytes,
    numbers: tuple[int, int, int, int, int],
    link: bytes,
    device: tuple[int, int],
) -> bytes:
    mode, uid, gid, size, mtime = numbers
    before = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        name.ljust(100, b"\0"),
        mode,
        uid,
        gid,
        size,
        mtime,
    )
    after = b"%b%b%b%07o\0%07o\0" % (
        kind,
        link.ljust(100, b"\0"),
        b"ustar\x0000".ljust(72, b"\0"),
        device[0],
        device[1],
    )
    checksum = sum(before) + sum(after) + sum(prefix) + 8 * 0x20
    return b"%b%06o\0 %b%b" % (before, checksum, after, prefix.ljust(167, b"\0"))


def _pax_blocks(records: dict[bytes, bytes]) -> bytes:
    body = b"".join(_record(key, value) for key, value in sorted(records.items()))
    head = _ustar(_PAX_NAME, b"", PAX, (0, 0, 0, len(body), 0), b"", (0, 0))
    return head + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    """A PAX record, whose leading decimal length counts itself."""
    rest = len(key) + len(value) + 3
    length = rest + len(b"%d" % rest)
    if rest + len(b"%d" % length) != length:
        length += 1
    return b"%d %b=%b\n" % (length, key, value)
