"""Owns the reading of foreign tar archives: strict, bounded, streaming.

Layers and archives come from strangers, so every header is checked and every size bounded before it
is used, and names are made relative and cleaned before anyone sees them. It refuses to touch a file
system, to guess at broken headers, and sparse or multi-volume archives.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.errors import Corrupt
from lithify.executor.entries import Entry, Kind
from lithify.executor.tarheader import BLOCK
from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Readable(Protocol):
        """A stream of plain tar bytes."""

        def read(self, size: int = -1, /) -> bytes: ...


_CHUNK = 1024 * 1024
_LONGEST_HEADER = 1024 * 1024
_LONGEST_PATH = 4095
_LARGEST_SIZE = 1 << 62
_LARGEST_ID = (1 << 32) - 2
_LARGEST_TIME = 1 << 40
_SPARSE_HINT = "make the archive again without --sparse"
_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.CHARACTER,
    b"4": Kind.BLOCK,
    b"5": Kind.DIRECTORY,
    b"6": Kind.FIFO,
}
_XATTR = "SCHILY.xattr."


@dataclass(slots=True)
class TarMember:
    """One member: its entry without content, and its bytes, readable once before the next
    member."""

    entry: Entry
    size: int
    _source: _Source = field(repr=False)

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        """Write the member's `size` bytes in chunks of at most 1 MiB. Raises Corrupt when
        truncated."""
        while self._source.left:
            write(self._source.read_content())


def read_tar(stream: Readable, what: str = "the archive") -> Iterator[TarMember]:
    """The members of a ustar, pax or GNU tar in stored order.

    Paths are relative and clean: `..` stops at the root, `''` is the root itself. Content that was
    not read is skipped. Raises Corrupt, its message beginning with `what`."""
    source = _Source(stream, what)
    shared: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    while (block := source.header()) is not None:
        kind = block[156:157]
        if kind in b"xgLKXV" and kind != b"\0":
            body = source.extension(_number(block[124:136], source))
            if kind in b"xX":
                own.update(_pax_records(body, source))
            elif kind == b"g":
                shared.update(_pax_records(body, source))
            elif kind != b"V":
                own["path" if kind == b"L" else "linkpath"] = body.split(b"\0", 1)[0]
            continue
        member = _member(block, {**shared, **own} if shared else own, source)
        own = {}
        yield member
        source.skip()


def clean_path(name: str) -> str:
    """A tar name as a relative path: no empty parts, no `.`, `..` resolved and stopped at the
    root."""
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


class _Source:
    """The stream with what is left of the current member."""

    def __init__(self, stream: Readable, what: str) -> None:
        self._stream = stream
        self._what = what
        self._padding = 0
        self.left = 0

    def error(self, message: str, hint: str = "") -> Corrupt:
        return Corrupt(f"{self._what} is not a readable tar: {message}", hint=hint)

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) == size:
            return data
        parts = [data]
        have = len(data)
        while have < size and parts[-1]:
            parts.append(self._stream.read(size - have))
            have += len(parts[-1])
        return b"".join(parts)

    def header(self) -> bytes | None:
        """The next header block with a valid checksum; None at the end of the archive."""
        block = self._exactly(BLOCK)
        if not block or block.count(0) == BLOCK:
            return None
        if len(block) != BLOCK:
            raise self.error("it ends within a header")
        stored = _number(block[148:156], self)
        total = sum(block) - sum(block[148:156]) + 8 * 0x20
        if stored != total:
            raise self.error("a header has a wrong checksum")
        return block

    def expect(self, size: int) -> None:
        self.left = size
        self._padding = -size % BLOCK

    def read_content(self) -> bytes:
        data = self._stream.read(min(self.left, _CHUNK))
        if not data:
            raise self.error("it ends within a file")
        self.left -= len(data)
        return data

    def skip(self) -> None:
        while self.left:
            self.read_content()
        if self._padding and len(self._exactly(self._padding)) != self._padding:
            raise self.error("it ends within a file")
        self._padding = 0

    def extension(self, size: int) -> bytes:
        """The body of a header that extends the next one."""
        if not 0 <= size <= _LONGEST_HEADER:
            raise self.error(f"an extended header of {size} bytes")
        data = self._exactly(size)
        self.expect(size)
        self.left = 0
        self.skip()
        if len(data) != size:
            raise self.error("it ends within an extended header")
        return data


def _number(text: bytes, source: _Source) -> int:
    """An octal or base-256 number field."""
    if text[0] & 0x80:
        value = int.from_bytes(text, "big")
        if text[0] & 0x40:
            return value - (1 << 8 * len(text))
        return value - (0x80 << 8 * (len(text) - 1))
    digits = text.split(b"\0", 1)[0].strip(b" ")
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise source.error(f"a number field holds {digits!r}")
    return int(digits, 8)


def _pax_records(body: bytes, source: _Source) -> dict[str, bytes]:
    """The records of a PAX header; an empty value takes a key back (POSIX.1-2017 pax)."""
    records: dict[str, bytes] = {}
    at = 0
    while at < len(body) and body[at]:
        space = body.find(b" ", at, at + 12)
        length = int(body[at:space]) if space > at and body[at:space].isdigit() else 0
        end = at + length
        equals = body.find(b"=", space, end)
        if equals < 0 or end > len(body) or body[end - 1] != 0x0A:
            raise source.error("a PAX record is malformed")
        key = body[space + 1 : equals].decode("utf-8", "surrogateescape")
        if key.startswith("GNU.sparse."):
            raise source.error("sparse files are not supported", _SPARSE_HINT)
        records[key] = body[equals + 1 : end - 1]
        at = end
    return records


def _member(block: bytes, pax: dict[str, bytes], source: _Source) -> TarMember:
    flag = block[156:157]
    name = _name(pax.get("path") or _ustar_name(block), source)
    kind = _KINDS.get(flag)
    if kind is None:
        if flag == b"S":
            raise source.error(f"{name!r} is a sparse file", _SPARSE_HINT)
        raise source.error(f"{name!r} is of the unknown type {flag!r}")
    if kind is Kind.FILE and flag == b"\0" and name.endswith("/"):
        kind = Kind.DIRECTORY
    target = _name(pax.get("linkpath") or block[157:257].split(b"\0", 1)[0], source)
    size = _value(block[124:136], pax.get("size"), (0, _LARGEST_SIZE), source)
    source.expect(size if kind is Kind.FILE else 0)
    ids = (0, _LARGEST_ID)
    entry = Entry(
        clean_path(name),
        kind,
        mode=_number(block[100:108], source) & 0o7777,
        uid=_value(block[108:116], pax.get("uid"), ids, source),
        gid=_value(block[116:124], pax.get("gid"), ids, source),
        mtime=_time(block[136:148], pax.get("mtime"), source),
        target=clean_path(target) if kind is Kind.HARDLINK else target,
        xattrs=tuple(sorted((k[len(_XATTR) :], v) for k, v in pax.items() if k.startswith(_XATTR)))
        if pax
        else (),
    )
    if kind in (Kind.CHARACTER, Kind.BLOCK):
        entry.device = (
            _value(block[329:337], None, (0, 0xFFF), source),
            _value(block[337:345], None, (0, 0xFFFFF), source),
        )
    return TarMember(entry, source.left, source)


def _ustar_name(block: bytes) -> bytes:
    name = block[:100].split(b"\0", 1)[0]
    if block[257:263] == b"ustar\0" and block[345]:
        return block[345:500].split(b"\0", 1)[0] + b"/" + name
    return name


def _name(raw: bytes, source: _Source) -> str:
    if b"\0" in raw or len(raw) > _LONGEST_PATH:
        raise source.error(f"a name of {len(raw)} bytes or with a NUL: {raw[:80]!r}")
    return os.fsdecode(raw)


def _value(text: bytes, pax: bytes | None, bounds: tuple[int, int], source: _Source) -> int:
    if pax and not (pax.isdigit() and len(pax) < 20):
        raise source.error(f"a number field holds {pax[:40]!r}")
    value = int(pax) if pax else _number(text, source)
    if not bounds[0] <= value <= bounds[1]:
        raise source.error(f"a number field holds {value}")
    return value


def _time(text: bytes, pax: bytes | None, source: _Source) -> int:
    """Whole seconds, rounded down."""
    if not pax:
        value = _number(text, source)
    else:
        whole, _, fraction = pax.partition(b".")
        digits = whole.removeprefix(b"-")
        if not digits.isdigit() or len(digits) > 20 or (fraction and not fraction.isdigit()):
            raise source.error(f"a time field holds {pax[:40]!r}")
        value = int(whole) - (whole.startswith(b"-") and bool(fraction.strip(b"0")))
    if not -_LARGEST_TIME <= value <= _LARGEST_TIME:
        raise source.error(f"a time field holds {value}")
    return value
