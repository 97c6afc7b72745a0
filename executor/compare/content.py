"""Owns the comparison of two contents: what kind of difference it is, and an excerpt that shows it.

Archives and compressed files are opened, because what differs is in a member of a member; text is shown as a diff, the
rest as bytes at the first difference. Content is hostile: everything that is unpacked, held or shown is bounded, and
what cannot be read as what it claims to be is compared as bytes. It refuses to judge: `causes` does.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from lithify.executor.compare.model import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import BinaryIO

_CHUNK = 256 * 1024
#: Text larger than this is compared as bytes: a diff would need all of it.
MOST_TEXT_BYTES = 4 * 1024 * 1024
_MOST_DIFF_LINES = 400
_MOST_SHOWN_LINES = 24
_LONGEST_SHOWN = 200
_ROW = 16
_ROWS = 3


def compare_bytes(before: BinaryIO, after: BinaryIO) -> Finding | None:
    """How two seekable contents that are no archives differ; None if they do not."""
    at = first_difference(before, after)
    if at is None:
        return None
    left, right = _text(before), _text(after)
    if left is not None and right is not None:
        return _compare_text(left, right)
    return _compare_binary(before, after, at)


def first_difference(before: BinaryIO, after: BinaryIO) -> int | None:
    """The offset of the first byte that differs, or that only one has; None if there is none."""
    before.seek(0)
    after.seek(0)
    at = 0
    while True:
        left, right = before.read(_CHUNK), after.read(_CHUNK)
        if left != right:
            return at + len(os.path.commonprefix([left, right]))
        if not left:
            return None
        at += len(left)


def size_of(content: BinaryIO) -> int:
    """The number of bytes of a seekable content."""
    return content.seek(0, os.SEEK_END)


def copy_range(content: BinaryIO, offset: int, size: int, target: BinaryIO) -> None:
    """Copy a part of a seekable content, as far as it is there."""
    content.seek(offset)
    while size > 0 and (data := content.read(min(size, _CHUNK))):
        target.write(data)
        size -= len(data)


def within(name: str, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of a member, seen from what holds it."""
    return tuple(replace(one, where=(name, *one.where)) for one in findings)


def _text(content: BinaryIO) -> str | None:
    """The content as text, if it is text of a size that can be compared by lines."""
    if size_of(content) > MOST_TEXT_BYTES:
        return None
    content.seek(0)
    data = content.read()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _compare_text(before: str, after: str) -> Finding:
    left, right = before.splitlines(), after.splitlines()
    if left == right:
        return Finding("text", "only the ends of lines differ")
    if sorted(left) == sorted(right):
        return Finding("order", "the same lines in another order", (), diff_lines(left, right))
    excerpt = diff_lines(left, right)
    return Finding("text", "text differs", (), excerpt)


def diff_lines(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    """A unified diff without its two header lines, bounded in lines and in their lengths.

    What both share at the start and the end is cut off first, for the cost of a diff is quadratic."""
    from difflib import unified_diff

    start = _shared(before, after)
    end = _shared(before[start:][::-1], after[start:][::-1])
    low = max(0, start - 1)
    left = before[low : len(before) - end + 1][:_MOST_DIFF_LINES]
    right = after[low : len(after) - end + 1][:_MOST_DIFF_LINES]
    lines = unified_diff(left, right, n=1, lineterm="")
    shown = list(islice(lines, 2, 2 + _MOST_SHOWN_LINES + 1))
    cut = [_shortened(line) for line in shown[:_MOST_SHOWN_LINES] if not line.startswith("@@")]
    if len(shown) > _MOST_SHOWN_LINES:
        cut.append("...")
    return tuple(cut)


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST_SHOWN else line[:_LONGEST_SHOWN] + "..."


def _compare_binary(before: BinaryIO, after: BinaryIO, at: int) -> Finding:
    sizes = size_of(before), size_of(after)
    length = f"{sizes[0]} bytes" if sizes[0] == sizes[1] else f"{sizes[0]} -> {sizes[1]} bytes"
    excerpt = (*_rows("-", before, at), *_rows("+", after, at))
    return Finding("binary", f"bytes differ from offset {at:#x} on ({length})", (), excerpt)


def _rows(mark: str, content: BinaryIO, at: int) -> list[str]:
    start = max(0, at // _ROW * _ROW)
    content.seek(start)
    data = content.read(_ROW * _ROWS)
    rows = []
    for offset in range(0, len(data), _ROW):
        piece = data[offset : offset + _ROW]
        shown = "".join(chr(one) if 32 <= one < 127 else "." for one in piece)
        rows.append(f"{mark}{start + offset:08x}  {piece.hex(' '):<{_ROW * 3 - 1}}  |{shown}|")
    return rows or [f"{mark}{start:08x}  (ends here)"]
