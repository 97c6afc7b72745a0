"""Owns the answer to "why did this step run": the first part of its key that no earlier result had.

It compares named leaves, so it can say what changed in the words of a Dockerfile. It refuses to guess: without an
earlier result of the same step it says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.ports import CacheRecord, Leaf

_MOST_CHARACTERS = 60
_PHRASES = {
    "parent": "what it stands on changed",
    "platform": "the platform changed",
    "layer form": "this version writes layers in another form",
    "normalisers": "this version normalises differently",
    "user": "USER changed",
    "cwd": "WORKDIR changed",
    "text": "the command changed",
    "destination": "the destination changed",
    "epoch": "SOURCE_DATE_EPOCH changed",
}


def reason(leaves: Sequence[Leaf], earlier: Sequence[CacheRecord], *, no_cache: bool) -> str:
    """Why a step was not cached, as one line. `earlier` are results of the same step, newest first."""
    if no_cache:
        return "the cache was not to be used"
    if not earlier:
        return "it has not run before"
    nearest = min(earlier, key=lambda record: len(_changes(leaves, record.leaves)))
    changes = _changes(leaves, nearest.leaves)
    if not changes:
        return "its earlier result is gone"
    return _phrase(*changes[0])


def _changes(new: Sequence[Leaf], old: Sequence[Leaf]) -> list[tuple[str, str | None, str | None]]:
    """(name, old value, new value) of every leaf that differs, in the order of the new ones."""
    before = {leaf.name: leaf.value for leaf in old}
    after = {leaf.name: leaf.value for leaf in new}
    names = [*after, *(name for name in before if name not in after)]
    return [
        (name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _phrase(name: str, old: str | None, new: str | None) -> str:
    kind, _, rest = name.partition(".")
    if kind == "env":
        return f"{rest} changed from {_short(old)} to {_short(new)}"
    if kind == "source":
        return f"files of its source {int(rest) + 1} changed"
    if kind in ("mount", "secret", "script", "ulimit"):
        return f"the {kind} {rest} changed"
    return _PHRASES.get(name, f"{name} changed from {_short(old)} to {_short(new)}")


def _short(value: str | None) -> str:
    if value is None:
        return "unset"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 4] + '..."'
