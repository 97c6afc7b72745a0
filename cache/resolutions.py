"""Owns the memory of what image names meant when registries were last asked.

A build can so be repeated without any network, and an unchanged one need not ask. It refuses to say whether what it
remembers is still true: `--pull` finds that out.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from lithify.cache.oci import Descriptor
from lithify.cache.reference import InvalidReference, parse_reference
from lithify.errors import ContentError

if TYPE_CHECKING:
    from lithify.cache.records import SqliteRecordStore
    from lithify.cache.reference import Reference
    from lithify.cache.store import Store

_KIND = "resolution"


def remember(store: Store, written: str, reference: Reference, descriptor: Descriptor) -> None:
    """Remember what a name as written, and the full name it stood for, meant. Raises StoreError."""
    value = {"reference": str(reference), "descriptor": descriptor.to_json()}
    for name in {str(parse_reference(written)), str(reference)}:
        store.records.memo_put(_KIND, name, json.dumps(value))


def recall(store: Store, written: str) -> tuple[Reference, Descriptor] | None:
    """The full name and the image a name meant, if its document is still in the store. Raises StoreError."""
    text = store.records.memo_get(_KIND, str(parse_reference(written)))
    if text is None:
        return None
    value = json.loads(text)
    descriptor = Descriptor.from_json(value["descriptor"])
    if not store.blobs.holds(descriptor):
        return None
    return parse_reference(value["reference"]), descriptor


def remembered(records: SqliteRecordStore) -> dict[str, Descriptor]:
    """All names whose meaning is remembered, with it; damaged ones are left out. Raises StoreError."""
    found = {}
    for name, text in records.memo_all(_KIND).items():
        with suppress(ValueError, KeyError, TypeError, ContentError):
            found[name] = Descriptor.from_json(json.loads(text)["descriptor"])
    return found


def forget(records: SqliteRecordStore, descriptor: Descriptor) -> None:
    """Names no longer mean an image. Raises StoreError."""
    for name, meant in remembered(records).items():
        if meant.digest == descriptor.digest:
            records.memo_forget(_KIND, name)


def known_digest(store: Store, written: str) -> str:
    """The digest of the image that a name means here without asking anybody; '' if none. Raises StoreError."""
    found = store.images.get(written)
    if found is not None:
        return found.digest
    try:
        recalled = recall(store, written)
    except InvalidReference:
        return ""
    return recalled[1].digest if recalled is not None else ""
