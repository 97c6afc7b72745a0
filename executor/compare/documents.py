"""Owns the comparison of an image's documents: config and manifest, member by member.

JSON is compared by meaning first, with environment variables by their names, and by its bytes when the meaning is the
same, for digests are over bytes. It refuses what other parts tell better: digests and sizes of layers.

Specification: OCI image-spec, config and manifest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lithify.cache.oci import parse_json_object
from lithify.executor.compare.model import Aspect, Difference, change_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.executor.compare.model import Area

_MOST_SHOWN = 300
_MOST_DEPTH = 20


def compare_documents(area: Area, before: bytes, after: bytes) -> list[Difference]:
    """How two JSON documents differ, a difference for each member. Raises Corrupt."""
    if before == after:
        return []
    left, right = (dict(_flat(_trimmed(area, one), "", 0)) for one in (before, after))
    found = [
        _difference(area, path, left.get(path), right.get(path))
        for path in dict.fromkeys((*left, *right))
        if left.get(path) != right.get(path)
    ]
    if found or area == "manifest":
        return found
    same = parse_json_object(before, area) == parse_json_object(after, area)
    if not same:  # layers alone: told by themselves
        return []
    text = "written differently; the meaning is the same"
    return [Difference(area, "changed", text)]


def _difference(area: Area, path: str, before: str | None, after: str | None) -> Difference:
    aspect = Aspect("value", _cut(before), _cut(after))
    return Difference(area, change_of(before, after), path, (aspect,))


def _cut(text: str | None) -> str:
    if text is None:
        return ""
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _trimmed(area: Area, raw: bytes) -> dict[str, Any]:
    """The document without what names its layers."""
    value = parse_json_object(raw, f"the {area}")
    if area == "config":
        value.pop("rootfs", None)
    elif area == "manifest":
        value.pop("layers", None)
        if isinstance(config := value.get("config"), dict):
            value["config"] = {k: v for k, v in config.items() if k not in ("digest", "size")}
    return value


def _flat(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Leaves by their paths; empty containers are leaves too."""
    if path.rpartition(".")[2] == "Env" and isinstance(value, list):
        value = {f"[{name}]": text for name, _, text in (str(one).partition("=") for one in value)}
    if isinstance(value, dict) and value and depth < _MOST_DEPTH:
        for key, one in value.items():
            inner = key if key.startswith("[") else f".{key}"
            yield from _flat(one, f"{path}{inner}".lstrip("."), depth + 1)
    elif isinstance(value, list) and value and depth < _MOST_DEPTH:
        for number, one in enumerate(value):
            yield from _flat(one, f"{path}[{number}]", depth + 1)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)
