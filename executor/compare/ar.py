"""Owns the comparison of ar archives, which static libraries and Debian packages are.

Their headers hold the time, owner and mode of every member unless the archiver was told otherwise, so libraries differ
by them more often than by code. It refuses to follow the tables of long names beyond showing the name as it stands.

Specification: ar(5), common format.
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

    from lithify.executor.compare.model import Form

    Compare = Callable[[BinaryIO, BinaryIO, str, int], tuple[Finding, ...]]

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60
_MOST_MEMBERS = 100_000


class _ArMember(NamedTuple):
    name: str
    time: int
    owner: str
    mode: str
    offset: int
    size: int


def compare_ar(
    before: BinaryIO, after: BinaryIO, depth: int, compare: Compare
) -> tuple[Finding, ...]:
    """How two archives differ. Raises ValueError for what is no ar archive."""
    left, right = _members(before), _members(after)
    names = [[one.name for one in members] for members in (left, right)]
    if names[0] != names[1]:
        same = sorted(names[0]) == sorted(names[1])
        form: Form = "order" if same else "metadata"
        return (Finding(form, f"members {' '.join(names[0][:8])} -> {' '.join(names[1][:8])}"),)
    found: list[Finding] = []
    for one, other in zip(left, right, strict=True):
        found += _compare_headers(one, other)
        with TemporaryFile() as old, TemporaryFile() as new:
            copy_range(before, one.offset, one.size, cast("BinaryIO", old))
            copy_range(after, other.offset, other.size, cast("BinaryIO", new))
            inner = compare(cast("BinaryIO", old), cast("BinaryIO", new), one.name, depth + 1)
        found += within(one.name, inner)
    return tuple(found)


def _compare_headers(one: _ArMember, other: _ArMember) -> list[Finding]:
    found = []
    if one.time != other.time:
        text = f"ar header: time {show_time(one.time)} -> {show_time(other.time)}"
        found.append(Finding("time", text, (one.name,)))
    if (one.owner, one.mode) != (other.owner, other.mode):
        text = f"ar header: owner {one.owner}, mode {one.mode} -> {other.owner}, {other.mode}"
        found.append(Finding("metadata", text, (one.name,)))
    return found


def _members(content: BinaryIO) -> list[_ArMember]:
    content.seek(len(_MAGIC))
    members: list[_ArMember] = []
    while len(header := content.read(_HEADER_BYTES)) == _HEADER_BYTES:
        if header[58:] != b"`\n" or len(members) == _MOST_MEMBERS:
            raise ValueError("not an ar archive")
        fields = [header[a:b].decode("latin-1").strip() for a, b in ((16, 28), (48, 58))]
        member = _ArMember(
            header[:16].decode("latin-1").rstrip(),
            int(fields[0] or "0"),
            ":".join(header[a:b].decode("latin-1").strip() or "0" for a, b in ((28, 34), (34, 40))),
            header[40:48].decode("latin-1").strip(),
            content.tell(),
            int(fields[1]),
        )
        if member.size < 0:
            raise ValueError("not an ar archive")
        members.append(member)
        content.seek(member.offset + member.size + member.size % 2)
    return members
