"""Owns how a store knows which attestations belong to which image.

They are unnamed entries of `index.json` that carry the digest of their subject, as in an index that lists them beside
the image, so that other tools find them too. They are no images of their own: they come, show and go with their subject.
It refuses to read them.

Specification: OCI image-spec, image-layout (index.json) and referrers; BuildKit's attestation storage for the annotations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.digest import Digest
from lithify.cache.documents import reachable
from lithify.cache.imageindex import IndexEntry
from lithify.errors import Corrupt

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.oci import Descriptor

_TYPE = "vnd.docker.reference.type"
_DIGEST = "vnd.docker.reference.digest"
_ATTESTATION = "attestation-manifest"


def reference_annotations(subject: Digest) -> tuple[tuple[str, str], ...]:
    """What the descriptor of an attestation manifest carries."""
    return ((_DIGEST, str(subject)), (_TYPE, _ATTESTATION))


def subject_of(descriptor: Descriptor) -> Digest | None:
    """What an attestation is about; None for everything else."""
    annotation = descriptor.annotation
    if annotation.get(_TYPE) != _ATTESTATION:
        return None
    try:
        return Digest(annotation.get(_DIGEST, ""))
    except Corrupt:
        return None


def with_referrer(
    entries: tuple[IndexEntry, ...], descriptor: Descriptor, now: float
) -> tuple[IndexEntry, ...]:
    """The entries with an attestation in place of an earlier one of the same image."""
    subject = subject_of(descriptor)
    if any(one.descriptor == descriptor for one in entries):
        return entries
    kept = (one for one in entries if subject_of(one.descriptor) != subject)
    return (*kept, IndexEntry(None, descriptor, now))


def referrers(entries: tuple[IndexEntry, ...], subject: Digest) -> tuple[Descriptor, ...]:
    """The attestations of an image."""
    return tuple(one.descriptor for one in entries if subject_of(one.descriptor) == subject)


def orphans(entries: tuple[IndexEntry, ...], blobs: FileBlobStore) -> tuple[IndexEntry, ...]:
    """The attestations whose subject no image has any more."""
    attached = [one for one in entries if subject_of(one.descriptor) is not None]
    if not attached:
        return ()
    alive: set[Digest] = set()
    for one in entries:
        if subject_of(one.descriptor) is None:
            alive |= reachable(blobs, one.descriptor)
    return tuple(one for one in attached if subject_of(one.descriptor) not in alive)
