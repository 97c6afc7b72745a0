"""Owns how two tars with the same files can still differ: order, form of the headers, what follows the end.

Trees that are equal say nothing about bytes, and digests are over bytes. This names the first place where two ways of
writing the same thing part. It refuses to compare what the entries mean: `trees` and `content` do.

Specification: POSIX.1-2017, pax, ustar interchange format and extended header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.executor.compare.members import read_raw
from lithify.executor.compare.model import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from lithify.executor.compare.members import Member

_BLOCK = 512
_MOST_HEADERS = 5
#: Field -> where it stands in a ustar header.
_FIELDS = {
    "name": slice(0, 100),
    "mode": slice(100, 108),
    "uid": slice(108, 116),
    "gid": slice(116, 124),
    "size": slice(124, 136),
    "mtime": slice(136, 148),
    "type": slice(156, 157),
    "link name": slice(157, 257),
    "magic and version": slice(257, 265),
    "user name": slice(265, 297),
    "group name": slice(297, 329),
    "device numbers": slice(329, 345),
    "name prefix": slice(345, 500),
    "padding": slice(500, 512),
}


def find_order(before: Sequence[str], after: Sequence[str]) -> Finding | None:
    """The first place where the same names stand in another order; None if they do not."""
    if before == after or sorted(before) != sorted(after):
        return None
    pairs = zip(before, after, strict=True)
    at, (one, other) = next((at, two) for at, two in enumerate(pairs) if two[0] != two[1])
    summary = f"the same entries in another order, from entry {at + 1} of {len(before)}"
    return Finding("order", summary, (), (f"-{one}", f"+{other}"))


def find_headers(
    before: Mapping[str, Member],
    after: Mapping[str, Member],
    open_before: Callable[[], BinaryIO],
    open_after: Callable[[], BinaryIO],
) -> tuple[Finding, ...]:
    """How the first few entries that mean the same are written differently. Raises Corrupt."""
    written = [
        path
        for path, member in before.items()
        if path in after
        and member.meaning == after[path].meaning
        and member.header != after[path].header
    ]
    if not written:
        return ()
    shown = frozenset(written[:_MOST_HEADERS])
    left, right = _headers(open_before, shown), _headers(open_after, shown)
    found = [
        Finding("header", f"/{path}: {_describe(left[path], right[path])}")
        for path in written[:_MOST_HEADERS]
    ]
    if len(written) > _MOST_HEADERS:
        found.append(Finding("header", f"and {len(written) - _MOST_HEADERS} more headers"))
    return tuple(found)


def _headers(opened: Callable[[], BinaryIO], paths: frozenset[str]) -> dict[str, bytes]:
    with opened() as stream:
        return {raw.path: raw.header for raw in read_raw(stream, "the layer") if raw.path in paths}


def _describe(before: bytes, after: bytes) -> str:
    """What differs between two headers, by field and record."""
    left, right = _parts(before), _parts(after)
    names = dict.fromkeys((*left, *right))
    differing = [name for name in names if left.get(name) != right.get(name)]
    if not differing:
        return (
            "the order of its extended records" if before.strip(b"\0") != after.strip(b"\0") else ""
        )
    shown = [f"{name} {_shown(left.get(name))} -> {_shown(right.get(name))}" for name in differing]
    return ", ".join(shown)


def _parts(header: bytes) -> dict[str, bytes]:
    """Fields of the ustar header, which comes last, and records of what extends it."""
    main = header[-_BLOCK:]
    parts = {name: main[where].rstrip(b"\0 ") for name, where in _FIELDS.items()}
    rest = header[:-_BLOCK]
    for name, value in _records(rest):
        parts[name] = value
    return parts


def _records(rest: bytes) -> Iterator[tuple[str, bytes]]:
    """What stands in PAX and GNU headers before the main one; the reader has checked their form."""
    at = 0
    while at + _BLOCK <= len(rest):
        block = rest[at : at + _BLOCK]
        at += _BLOCK
        if not block.strip(b"\0"):
            continue
        try:
            size = int(block[124:136].strip(b"\0 ") or b"0", 8)
        except ValueError:
            return
        body = rest[at : at + size]
        at += size + -size % _BLOCK
        if block[156:157] in b"xXg":
            yield "extended header's own name", block[:100].rstrip(b"\0")
            yield "extended header's own time", block[136:148].rstrip(b"\0 ")
            yield from _pax(body)
        else:
            yield f"extension {block[156:157].decode('latin-1')}", body


def _pax(body: bytes) -> Iterator[tuple[str, bytes]]:
    while body:
        length, space, _ = body.partition(b" ")
        if not space or not length.isdigit():
            return
        record, body = body[len(length) + 1 : int(length)], body[int(length) :]
        key, _, value = record.partition(b"=")
        yield f"PAX {key.decode('utf-8', 'replace')}", value.rstrip(b"\n")


def _shown(value: bytes | None) -> str:
    return "none" if value is None else repr(value[:60].decode("utf-8", "backslashreplace"))
