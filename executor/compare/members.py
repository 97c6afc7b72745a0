"""Owns the reading of a tar as a list of comparable members, without holding any content.

A layer and a tar inside a layer are the same thing here: names in stored order, metadata, the digest of the content, and
a digest of the header as written, by which two ways of writing the same entry are told apart. It refuses to touch a file
system; its memory grows with the number of members, which is bounded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import Corrupt
from lithify.executor.compare.model import Aspect
from lithify.executor.entries import Kind
from lithify.executor.tarreader import read_tar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from lithify.executor.tarreader import TarMember

MOST_MEMBERS = 2_000_000
_MOST_XATTR_SHOWN = 64


class Member(NamedTuple):
    """One entry of a tar. `digest` is the SHA-256 of a file's content, `layer` the index of the layer it came with;
    `header` names the bytes of the header as written and takes no part in a comparison of metadata."""

    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    target: str
    device: tuple[int, int]
    xattrs: tuple[tuple[str, bytes], ...]
    digest: bytes
    header: bytes
    layer: int = 0

    @property
    def meaning(self) -> tuple[object, ...]:
        """What two members must share to be the same, whatever way they are written."""
        return self[:10]


class Tap:
    """Passes a stream on and keeps what was read since the last `take`, if that is little."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._kept: list[bytes] = []
        self.is_keeping = True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        if self.is_keeping:
            self._kept.append(data)
        return data

    def take(self) -> bytes:
        """The bytes read while keeping, and forget them."""
        kept = b"".join(self._kept)
        self._kept.clear()
        return kept


class Raw(NamedTuple):
    """A member on its way: its path, itself without a digest, its header as written, its content."""

    path: str
    tar: TarMember
    header: bytes


def read_raw(stream: BinaryIO, what: str) -> Iterator[Raw]:
    """The members of a tar with their headers as written. Raises Corrupt."""
    tap = Tap(stream)
    for number, member in enumerate(read_tar(tap, what)):
        if number == MOST_MEMBERS:
            raise Corrupt(f"{what} has more than {MOST_MEMBERS} entries")
        header = tap.take()
        tap.is_keeping = False
        yield Raw(member.entry.path, member, header)
        member.copy_to(_forget)
        tap.is_keeping = True


def read_members(stream: BinaryIO, what: str, layer: int = 0) -> Iterator[tuple[str, Member]]:
    """Paths and members in stored order; content is read and named, not kept. Raises Corrupt."""
    for path, tar, header in read_raw(stream, what):
        entry = tar.entry
        digest = hashlib.sha256()
        size = tar.size
        tar.copy_to(digest.update)
        yield (
            path,
            Member(
                entry.kind,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.mtime or 0,
                size,
                entry.target,
                entry.device,
                entry.xattrs,
                digest.digest() if entry.kind is Kind.FILE else b"",
                hashlib.sha256(header.lstrip(b"\0")).digest()[:8],
                layer,
            ),
        )


def aspects_of(before: Member, after: Member) -> tuple[Aspect, ...]:
    """The properties, content apart, in which two members differ."""
    pairs = [
        ("type", before.kind.value, after.kind.value),
        ("mode", f"{before.mode:04o}", f"{after.mode:04o}"),
        ("owner", f"{before.uid}:{before.gid}", f"{after.uid}:{after.gid}"),
        ("mtime", show_time(before.mtime), show_time(after.mtime)),
        ("size", str(before.size), str(after.size)),
        ("target", before.target, after.target),
        ("device", ":".join(map(str, before.device)), ":".join(map(str, after.device))),
    ]
    left, right = dict(before.xattrs), dict(after.xattrs)
    for name in sorted({*left, *right}):
        pairs.append((f"xattr {name}", _shown(left.get(name)), _shown(right.get(name))))
    return tuple(Aspect(name, one, other) for name, one, other in pairs if one != other)


def show_time(seconds: int) -> str:
    """A time as people and other programs read it; the number itself where no calendar has it."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _shown(value: bytes | None) -> str:
    if value is None:
        return ""
    more = "..." if len(value) > _MOST_XATTR_SHOWN else ""
    return f"0x{value[:_MOST_XATTR_SHOWN].hex()}{more}"


def _forget(data: bytes) -> None:
    """What nobody asked for is read and dropped."""
