"""Owns the document of a shared cache: which key has which layer, and what explains a rerun.

It is small, is read first and often alone: layers are named in it, never contained. Whoever wrote it is a stranger, so
reading checks every type and bounds every size, and what is believed of it is no more than "somebody says that this key
gave these bytes". It refuses to hold times, paths of the machine and anything else that differs between equal builds.

Specification: docs/cache-format.md.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.history import StepRecord
from lithify.cache.oci import Descriptor, parse_json_object
from lithify.cache.ports import Leaf
from lithify.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEDIA_RECORDS = "application/vnd.lithify.cache.records.v1+json+gzip"
MEDIA_FILES = "application/vnd.lithify.cache.files.v1+zlib"
VERSION = 1
#: Of a document, compressed and not.
MOST_BYTES = 8 * 1024 * 1024
MOST_PLAIN_BYTES = 64 * 1024 * 1024
MOST_STEPS = 20_000
MOST_FILE_LIST_BYTES = 32 * 1024 * 1024
_KEY = re.compile(r"[0-9a-f]{64}\Z")
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class SharedStep:
    """A step's result. `size` is that of the plain layer in bytes; `blob` its compressed form, made by `codec`.

    Without a blob only the names are known: enough to find what follows, not to build upon. `record` holds no
    layer for a base image."""

    record: StepRecord
    size: int = 0
    blob: Descriptor | None = None
    codec: str = ""


@dataclass(frozen=True, slots=True)
class CacheDocument:
    """What one build published. `selections` are what its copies took of stages (name of the question -> content),
    `files` where lists of files are, by the content in a leaf."""

    steps: tuple[SharedStep, ...]
    selections: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Descriptor] = field(default_factory=dict)

    def render(self) -> bytes:
        """The compressed document; equal values give equal bytes with one version of zlib."""
        value = {
            "version": VERSION,
            "steps": [_step_json(one) for one in self.steps],
            "selections": dict(sorted(self.selections.items())),
            "files": {name: one.to_json() for name, one in sorted(self.files.items())},
        }
        packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        return packer.compress(_compact(value)) + packer.flush()

    @classmethod
    def parse(cls, raw: bytes) -> CacheDocument:
        """Raises Corrupt."""
        value = parse_json_object(_inflated(raw), "the cache's index")
        if value.get("version") != VERSION:
            raise Corrupt(f"the cache has version {str(value.get('version'))[:20]}, not {VERSION}")
        rows = _rows(value)
        steps = tuple(_step(one, number) for number, one in enumerate(rows))
        files = _mapping(value, "files")
        found = {name: Descriptor.from_json(one) for name, one in files.items()}
        return cls(steps, _texts(_mapping(value, "selections")), found)


def render_inline(steps: Iterable[SharedStep], selections: Mapping[str, str]) -> str:
    """The text for an image config: keys and digests only, for everybody may read an image."""
    rows = [[one.record.key, one.record.layer, one.size] for one in steps if one.record.key]
    value = {"steps": rows, "selections": dict(sorted(selections.items()))}
    return _compact(value).decode()


def parse_inline(text: object, blobs: Mapping[str, Descriptor]) -> CacheDocument:
    """The cache in an image config; `blobs` are the image's layers by diff id. Raises Corrupt."""
    if not isinstance(text, str):
        raise Corrupt("the image's cache is not a text")
    value = parse_json_object(text.encode(), "the image's cache")
    steps = []
    for row in _rows(value):
        if not isinstance(row, list) or len(row) != 3:
            raise Corrupt("the image's cache holds something else than steps")
        key, layer, size = row
        record = StepRecord("", "", "", None, "", key=_key(key), layer=_digest(layer))
        steps.append(SharedStep(record, _size(size), blobs.get(record.layer)))
    return CacheDocument(tuple(steps), _texts(_mapping(value, "selections")))


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _inflated(raw: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(raw, MOST_PLAIN_BYTES)
    except zlib.error as error:
        raise Corrupt(f"the cache's index is damaged: {error}") from error
    if inflater.unconsumed_tail:
        raise Corrupt("the cache's index is too large")
    if not inflater.eof:
        raise Corrupt("the cache's index is damaged: it ends too early")
    return plain


# -- steps ----------------------------------------------------------------------------------------

_TEXTS = ("name", "stage", "kind", "platform", "key", "layer", "chain", "origin")


def _step_json(step: SharedStep) -> dict[str, Any]:
    record = step.record
    value: dict[str, Any] = {name: getattr(record, name) for name in _TEXTS}
    value["leaves"] = [[leaf.name, leaf.value] for leaf in record.leaves]
    value["size"] = step.size
    if step.blob is not None:
        value["blob"] = step.blob.to_json()
        value["codec"] = step.codec
    shown = {name: one for name, one in value.items() if one}
    return shown if record.parent is None else {**shown, "parent": record.parent}


def _step(value: object, number: int) -> SharedStep:
    if not isinstance(value, dict):
        raise Corrupt("the cache's index holds something else than steps")
    texts = {name: _text(value.get(name, "")) for name in _TEXTS}
    parent = value.get("parent")
    if parent is not None and not (type(parent) is int and 0 <= parent < number):
        raise Corrupt("a step of the cache stands on none before it")
    if texts["key"]:
        _key(texts["key"])
        _digest(texts["layer"])
    record = StepRecord(
        texts["name"],
        texts["stage"],
        texts["kind"],
        parent,
        texts["platform"],
        "cached",
        key=texts["key"],
        layer=texts["layer"],
        chain=texts["chain"],
        origin=texts["origin"],
        leaves=tuple(_leaf(one) for one in _list(value.get("leaves", []))),
    )
    blob = Descriptor.from_json(value["blob"]) if "blob" in value else None
    return SharedStep(record, _size(value.get("size", 0)), blob, _text(value.get("codec", "")))


def _leaf(value: object) -> Leaf:
    if not isinstance(value, list) or len(value) != 2:
        raise Corrupt("a step of the cache has something else than leaves")
    return Leaf(_text(value[0]), _text(value[1]))


def _rows(value: Mapping[str, Any]) -> list[Any]:
    rows = _list(value.get("steps"))
    if len(rows) > MOST_STEPS:
        raise Corrupt(f"the cache holds more than {MOST_STEPS} steps")
    return rows


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Corrupt("the cache's index holds something else than a list")
    return value


def _mapping(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name, {})
    if not isinstance(found, dict):
        raise Corrupt(f"the cache's {name} are no map")
    return found


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(one) for name, one in value.items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Corrupt("the cache's index holds something else than a text")
    return value


def _key(value: object) -> CacheKey:
    if not _KEY.match(_text(value)):
        raise Corrupt("the cache's index holds something else than a key")
    return CacheKey(_text(value))


def _digest(value: object) -> Digest:
    return Digest(_text(value))


def _size(value: object) -> int:
    if type(value) is not int or value < 0:
        raise Corrupt("a layer of the cache has no valid size")
    return value
