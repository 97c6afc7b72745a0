"""Owns the comparison of zip archives: jars, wheels, eggs and plain ones.

A zip holds local times to two seconds and the attributes of the system that packed it. It refuses encrypted members and
bounds what it unpacks.

Specification: APPNOTE.TXT 6.3, sections 4.3.7 and 4.3.12.
"""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING, cast
from zipfile import BadZipFile, ZipFile

from lithify.executor.compare.content import within
from lithify.executor.compare.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO
    from zipfile import ZipInfo

    Compare = Callable[[BinaryIO, BinaryIO, str, int], tuple[Finding, ...]]

_MOST_MEMBERS = 100_000
_MOST_MEMBER_BYTES = 128 * 1024 * 1024
_MOST_OPENED = 12
_CHUNK = 256 * 1024


def compare_zip(
    before: BinaryIO, after: BinaryIO, depth: int, compare: Compare
) -> tuple[Finding, ...]:
    """How two archives differ. Raises ValueError for what is no zip archive."""
    try:
        with ZipFile(before) as one, ZipFile(after) as other:
            return _compare(one, other, depth, compare)
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def _compare(before: ZipFile, after: ZipFile, depth: int, compare: Compare) -> tuple[Finding, ...]:
    left, right = before.infolist(), after.infolist()
    if max(len(left), len(right)) > _MOST_MEMBERS:
        raise ValueError("too many members")
    names = [one.filename for one in left], [one.filename for one in right]
    if names[0] != names[1]:
        return _compare_names(*names)
    found: list[Finding] = []
    opened = 0
    for one, other in zip(left, right, strict=True):
        found += within(one.filename, _compare_headers(one, other))
        if (one.CRC, one.file_size) == (other.CRC, other.file_size) or opened == _MOST_OPENED:
            continue
        opened += 1
        with TemporaryFile() as old, TemporaryFile() as new:
            if not _unpack(before, one, cast("BinaryIO", old)):
                continue
            if not _unpack(after, other, cast("BinaryIO", new)):
                continue
            inner = compare(cast("BinaryIO", old), cast("BinaryIO", new), one.filename, depth + 1)
        found += within(one.filename, inner)
    return tuple(found)


def _compare_names(before: list[str], after: list[str]) -> tuple[Finding, ...]:
    if sorted(before) == sorted(after):
        at = next(at for at in range(len(before)) if before[at] != after[at])
        summary = f"the same members in another order, from member {at + 1} of {len(before)}"
        return (Finding("order", summary, (), (f"-{before[at]}", f"+{after[at]}")),)
    gone = sorted(set(before) - set(after))[:_MOST_OPENED]
    come = sorted(set(after) - set(before))[:_MOST_OPENED]
    return (
        *(Finding("removed", "only in the first", (name,)) for name in gone),
        *(Finding("added", "only in the second", (name,)) for name in come),
    )


def _compare_headers(one: ZipInfo, other: ZipInfo) -> tuple[Finding, ...]:
    found = []
    if one.date_time != other.date_time:
        left, right = ("-".join(map(str, each.date_time)) for each in (one, other))
        found.append(Finding("time", f"zip header: time {left} -> {right}"))
    for name, left, right in (
        ("extra field", one.extra.hex() or "none", other.extra.hex() or "none"),
        ("attributes", f"{one.external_attr:#x}", f"{other.external_attr:#x}"),
        ("system", str(one.create_system), str(other.create_system)),
        ("method", str(one.compress_type), str(other.compress_type)),
        ("comment", repr(one.comment), repr(other.comment)),
    ):
        if left != right:
            # "UT" marks the extended timestamp, whole seconds where the header has every second one.
            is_time = name == "extra field" and b"UT" in one.extra
            text = f"zip header: {name} {left} -> {right}"
            found.append(Finding("time" if is_time else "header", text))
    return tuple(found)


def _unpack(archive: ZipFile, member: ZipInfo, target: BinaryIO) -> bool:
    if member.file_size > _MOST_MEMBER_BYTES:
        return False
    written = 0
    with archive.open(member) as source:
        while data := source.read(_CHUNK):
            written += target.write(data)
            if written > _MOST_MEMBER_BYTES:
                return False
    return True
