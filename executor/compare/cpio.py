"""Owns the comparison of cpio archives, which initial RAM disks and RPM payloads are.

Their headers hold the inode and device numbers of the packed files, which no two file systems share. It refuses the
older forms, which nothing writes any more.

Specification: cpio(5), "New ASCII Format".
"""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple, cast

from lithify.executor.compare.content import copy_range, within
from lithify.executor.compare.members import show_time
from lithify.executor.compare.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    Compare = Callable[[BinaryIO, BinaryIO, str, int], tuple[Finding, ...]]

MAGICS = (b"070701", b"070702")
_FIELDS = (
    *("inode", "mode", "owner", "group", "links", "time", "size", "device major"),
    *("device minor", "special major", "special minor", "name length", "check"),
)
_HEADER_BYTES = 110
_LONGEST_NAME = 4096
_MOST_MEMBERS = 100_000
_END = "TRAILER!!!"


class _CpioMember(NamedTuple):
    name: str
    fields: dict[str, int]
    offset: int

    @property
    def size(self) -> int:
        return self.fields["size"]


def compare_cpio(
    before: BinaryIO, after: BinaryIO, depth: int, compare: Compare
) -> tuple[Finding, ...]:
    """How two archives differ. Raises ValueError for what is no cpio archive."""
    left, right = _members(before), _members(after)
    names = [one.name for one in left], [one.name for one in right]
    if names[0] != names[1]:
        is_order = sorted(names[0]) == sorted(names[1])
        text = "the same members in another order" if is_order else "other members"
        return (Finding("order" if is_order else "metadata", text),)
    found: list[Finding] = []
    for one, other in zip(left, right, strict=True):
        found += within(one.name, _compare_headers(one, other))
        with TemporaryFile() as old, TemporaryFile() as new:
            copy_range(before, one.offset, one.size, cast("BinaryIO", old))
            copy_range(after, other.offset, other.size, cast("BinaryIO", new))
            inner = compare(cast("BinaryIO", old), cast("BinaryIO", new), one.name, depth + 1)
        found += within(one.name, inner)
    return tuple(found)


def _compare_headers(one: _CpioMember, other: _CpioMember) -> tuple[Finding, ...]:
    found = []
    for name, before in one.fields.items():
        after = other.fields[name]
        if before == after:
            continue
        if name == "time":
            text = f"cpio header: time {show_time(before)} -> {show_time(after)}"
            found.append(Finding("time", text))
        else:
            found.append(Finding("metadata", f"cpio header: {name} {before} -> {after}"))
    return tuple(found)


def _members(content: BinaryIO) -> list[_CpioMember]:
    content.seek(0)
    members: list[_CpioMember] = []
    while True:
        header = content.read(_HEADER_BYTES)
        if header[:6] not in MAGICS or len(header) < _HEADER_BYTES:
            raise ValueError("not a cpio archive")
        values = [int(header[at : at + 8], 16) for at in range(6, _HEADER_BYTES, 8)]
        fields = dict(zip(_FIELDS, values, strict=True))
        length = fields["name length"]
        if length > _LONGEST_NAME or len(members) == _MOST_MEMBERS:
            raise ValueError("not a cpio archive")
        name = content.read(length).rstrip(b"\0").decode("utf-8", "backslashreplace")
        content.seek(-content.tell() % 4, 1)
        if name == _END:
            return members
        members.append(_CpioMember(name, fields, content.tell()))
        content.seek(fields["size"] + -fields["size"] % 4, 1)
