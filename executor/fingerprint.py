"""Owns the fingerprint of a selection: whether anything about its files may have changed, without reading one.

It exists because an unchanged context should cost one walk: a store remembers fingerprint -> content digest. It
names what the file system says (inodes and times), so it is good for this machine only and never enters a key.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING

import xxhash

from lithify.values import dataclass

if TYPE_CHECKING:
    from lithify.executor.selection import Selection
    from lithify.executor.tree import Stat

_VERSION = b"lithify fingerprint 1\0"
_SECOND_NS = 1_000_000_000
#: Times of usual file systems advance with the kernel's tick, at most 10 ms long.
_TICK_NS = 50_000_000
#: FAT and some network file systems know no less than two seconds.
_COARSE_NS = 2 * _SECOND_NS


@dataclass(frozen=True, slots=True)
class Listing:
    """Files of a context that a step took: how they were selected, and the fingerprint of what was there.

    `context` is '' for the build context, `options` whatever else decided the digest."""

    context: str
    path: str
    exclude: tuple[str, ...]
    parents: bool
    options: str
    fingerprint: str


def fingerprint(selection: Selection, options: str = "") -> str:
    """Names a listing: 32 hex digits. `options` is whatever else decides the digest.

    Equal fingerprints mean equal content if the remembered one was settled (`is_settled`)."""
    total = xxhash.xxh3_128(_VERSION + os.fsencode(options))
    for match in selection.matches:
        total.update(os.fsencode(f"\0{match.path}\0{match.name}\0"))
        total.update(os.fsencode("\0".join([node.path for node in match.nodes])))
        numbers = array("Q")
        for node in match.nodes:
            # Times before 1970 wrap around, which keeps them distinct.
            numbers.extend([number & 0xFFFFFFFFFFFFFFFF for number in node.stat])
        total.update(numbers.tobytes())
    return total.hexdigest()


def is_settled(selection: Selection, now_ns: int) -> bool:
    """Whether every change was long enough ago that a later one would show in the times.

    `now_ns` is the wall clock when the selection's walk began. A file written within the clock's resolution
    of the walk could be written again without a trace, so such a listing must not be remembered."""
    return all(is_at_rest(node.stat, now_ns) for match in selection.matches for node in match.nodes)


def is_at_rest(stat: Stat, now_ns: int) -> bool:
    """Whether a change of one object after `now_ns` would show in its times."""
    newest = max(stat.mtime_ns, stat.ctime_ns)
    slack = _TICK_NS if newest % _SECOND_NS else _COARSE_NS
    return newest + slack < now_ns
