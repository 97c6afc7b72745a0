"""Owns the images of a store: finding them by name, digest or id, resolving them, removing them.

What docker users know of tag, images and rmi holds here, over an index.json that other tools can read. It refuses
to fetch: what is not in the store is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.cache.documents import (
    image_manifests,
    reachable,
    read_config,
    read_manifest,
    resolve_image,
)
from lithify.cache.imageindex import ImageIndex, IndexEntry
from lithify.cache.reference import InvalidReference, parse_reference
from lithify.cache.referrers import orphans, referrers, subject_of, with_referrer
from lithify.cache.resolutions import forget, remembered
from lithify.errors import ContentError, ImageNotFound, UsageError
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from contextlib import AbstractContextManager

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.cache.records import SqliteRecordStore

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})\Z")


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image as `images` lists it.

    `created` is RFC 3339 from its config, empty if unknown; `size` counts the bytes of config and
    layers as stored; `stored` is when it came into the store (Unix time)."""

    name: str | None
    descriptor: Descriptor
    created: str
    size: int
    stored: float


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal did: names in full, and the blobs that are gone."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[Digest, ...] = ()


class ImageStore:
    """The images of a store; thread- and process-safe. Every method raises StoreError."""

    def __init__(
        self,
        index: ImageIndex,
        blobs: FileBlobStore,
        records: SqliteRecordStore,
        clock: Callable[[], float],
        exclusive: Callable[[], AbstractContextManager[bool]],
    ) -> None:
        self._index = index
        self._blobs = blobs
        self._records = records
        self._clock = clock
        self._exclusive = exclusive

    def tag(self, reference: str, descriptor: Descriptor) -> None:
        """Name an image. The image which had the name before stays, unnamed if it was its last.

        Raises InvalidReference."""
        self.add(descriptor, (reference,))

    def add(self, descriptor: Descriptor, references: Iterable[str] = ()) -> None:
        """Keep an image under all these names at once; without names as an unnamed image."""
        names = tuple(dict.fromkeys(str(parse_reference(one)) for one in references))
        now = self._clock()
        self._index.update(lambda entries: _with_names(entries, descriptor, names, now))

    def untag(self, reference: str) -> bool:
        """Drop a name; its image stays, unnamed if it was the last. False if nothing had it."""
        name = str(parse_reference(reference))
        old = self._index.update(lambda entries: _without_name(entries, name))
        return any(entry.name == name for entry in old)

    def get(self, reference: str) -> Descriptor | None:
        """The image of a name, a digest (`name@sha256:...`), or the unique start of an id.

        An id is the digest of a manifest or of a config; at least 4 digits. Raises UsageError if
        a short id fits several images."""
        entries = self._index.read()
        found = _by_name(entries, reference)
        if found is None and (match := _ID.match(reference)):
            return self._by_id(entries, match[1], reference)
        return found

    def _by_id(
        self, entries: tuple[IndexEntry, ...], prefix: str, reference: str
    ) -> Descriptor | None:
        found: dict[Digest, Descriptor] = {}
        for entry in (one for one in entries if subject_of(one.descriptor) is None):
            for manifest, config in self._ids(entry.descriptor):
                if any(
                    one is not None and one.hex.startswith(prefix) for one in (manifest, config)
                ):
                    found.setdefault(entry.descriptor.digest, entry.descriptor)
        if len(found) > 1:
            raise UsageError(
                f"the id {reference} fits {len(found)} images",
                hint="write more digits, or one of " + ", ".join(one.short for one in found),
            )
        return next(iter(found.values()), None)

    def _ids(self, descriptor: Descriptor) -> list[tuple[Digest, Digest | None]]:
        """Digests that name an image: its own, its manifests' and their configs'."""
        ids: list[tuple[Digest, Digest | None]] = [(descriptor.digest, None)]
        try:
            for one in image_manifests(self._blobs, descriptor):
                ids.append((one.digest, read_manifest(self._blobs, one).config.digest))
        except ContentError:
            return ids
        return ids

    def list(self) -> tuple[NamedImage, ...]:
        """All images, the newest in the store first. A damaged one is listed too; attestations are none."""
        images = (one for one in self._index.read() if subject_of(one.descriptor) is None)
        entries = sorted(images, key=lambda entry: (-entry.stored, entry.name or ""))
        return tuple(self._describe(entry) for entry in entries)

    def attach(self, attestation: Descriptor) -> None:
        """Keep an attestation as long as its subject, in place of an earlier one of the same image."""
        now = self._clock()
        self._index.update(lambda entries: with_referrer(entries, attestation, now))

    def attached(self, subject: Digest) -> tuple[Descriptor, ...]:
        """The attestations of a manifest."""
        return referrers(self._index.read(), subject)

    def _describe(self, entry: IndexEntry) -> NamedImage:
        created, size = "", 0
        try:
            for one in image_manifests(self._blobs, entry.descriptor):
                manifest = read_manifest(self._blobs, one)
                size += manifest.config.size + sum(layer.size for layer in manifest.layers)
                created = created or read_config(self._blobs, manifest).created
        except ContentError:
            pass
        return NamedImage(entry.name, entry.descriptor, created, size, entry.stored)

    def entries(self) -> tuple[IndexEntry, ...]:
        """What the index says, damaged images included."""
        return self._index.read()

    def drop_unnamed(self, digests: Container[str]) -> tuple[str, ...]:
        """Take unnamed images out of the index, their content stays; the digests of those that were there."""

        def keep(entry: IndexEntry) -> bool:
            return entry.name is not None or entry.descriptor.digest not in digests

        old = self._index.update(lambda entries: tuple(one for one in entries if keep(one)))
        return tuple(one.descriptor.digest for one in old if not keep(one))

    def resolve(self, descriptor: Descriptor, platform: Platform, reference: str) -> ResolvedImage:
        """The image of an index or manifest for a platform, its config at hand.

        Raises ImageNotFound, NotFound, DigestMismatch, Corrupt."""
        return resolve_image(self._blobs, descriptor, platform, reference)

    def remove(self, reference: str, force: bool = False) -> Removed:
        """Untag; and with its last name remove the image's content, as docker's rmi.

        Blobs that another image or a cache record needs stay, and all stay while another process
        uses the store. An id whose image has several names needs `force`. Raises ImageNotFound,
        UsageError."""
        descriptor = self.get(reference)
        if descriptor is None:
            raise ImageNotFound(f"no such image: {reference}", hint="`lithify images` lists them")
        is_named = _by_name(self._index.read(), reference) is not None
        name = str(parse_reference(reference)) if is_named else None
        removed = self._drop(descriptor, name, force, reference)
        dropped = (descriptor, *self._drop_orphans())
        with self._exclusive() as is_alone:
            return replace(removed, deleted=self._sweep(dropped) if is_alone else ())

    def _drop_orphans(self) -> tuple[Descriptor, ...]:
        """Take attestations whose image is gone out of the index."""
        found: set[IndexEntry] = set()

        def change(entries: tuple[IndexEntry, ...]) -> tuple[IndexEntry, ...]:
            found.update(orphans(entries, self._blobs))
            return tuple(one for one in entries if one not in found)

        self._index.update(change)
        return tuple(one.descriptor for one in found)

    def _drop(
        self, descriptor: Descriptor, name: str | None, force: bool, reference: str
    ) -> Removed:
        """Take the name, or all names of an image found by its id, out of the index."""

        def change(entries: tuple[IndexEntry, ...]) -> tuple[IndexEntry, ...]:
            of_image = [one for one in entries if one.descriptor.digest == descriptor.digest]
            if name is not None and any(one.name == name for one in of_image):
                return tuple(one for one in entries if one.name != name)
            if len(of_image) > 1 and not force:
                raise UsageError(
                    f"the image {reference} has {len(of_image)} names",
                    hint="remove them one by one, or use --force to remove all",
                )
            return tuple(one for one in entries if one not in of_image)

        old = self._index.update(change)
        kept = {entry.name for entry in change(old)}
        return Removed(tuple(one.name for one in old if one.name and one.name not in kept))

    def _sweep(self, dropped: tuple[Descriptor, ...]) -> tuple[Digest, ...]:
        """Remove the blobs of images that nothing else refers to; as bases they are forgotten."""
        for one in dropped:
            forget(self._records, one)
        needed = set(self._records.layer_digests())
        for base in remembered(self._records).values():
            needed |= reachable(self._blobs, base)
        for entry in self._index.read():
            needed |= reachable(self._blobs, entry.descriptor)
        reached = {digest for one in dropped for digest in reachable(self._blobs, one)}
        unneeded = sorted(reached - needed)
        return tuple(digest for digest in unneeded if self._blobs.delete(digest))


def _by_name(entries: tuple[IndexEntry, ...], text: str) -> Descriptor | None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return None
    for entry in entries:
        if entry.name == str(reference):
            return entry.descriptor
        is_digest = entry.descriptor.digest == reference.digest
        if is_digest and entry.name is not None and _repository(entry.name) == reference.name:
            return entry.descriptor
    return None


def _repository(name: str) -> str:
    try:
        return parse_reference(name).name
    except InvalidReference:
        return name


def _with_names(
    entries: tuple[IndexEntry, ...], descriptor: Descriptor, names: tuple[str, ...], now: float
) -> tuple[IndexEntry, ...]:
    current = {one.name for one in entries if one.descriptor == descriptor}
    if current.issuperset(names) and current:
        return entries
    for name in names:
        entries = _without_name(entries, name)
    if names:
        entries = tuple(
            one
            for one in entries
            if one.name is not None or one.descriptor.digest != descriptor.digest
        )
    fresh = tuple(IndexEntry(name, descriptor, now) for name in names)
    return entries + (fresh or (IndexEntry(None, descriptor, now),))


def _without_name(entries: tuple[IndexEntry, ...], name: str) -> tuple[IndexEntry, ...]:
    """The entries without a name; an image that loses its last name stays, unnamed."""
    kept = tuple(one for one in entries if one.name != name)
    digests = {one.descriptor.digest for one in kept}
    return kept + tuple(
        replace(one, name=None)
        for one in entries
        if one.name == name and one.descriptor.digest not in digests
    )
