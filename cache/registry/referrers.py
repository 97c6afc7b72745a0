"""Owns how a registry learns which image an artifact is about.

Registries with the referrers API see it in the manifest itself and say so; for the others the client keeps an index under
a tag made of the image's digest. It refuses to remove what others listed there.

Specification: OCI distribution-spec, pushing manifests with subject, and referrers tag schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lithify.cache.oci import MEDIA_INDEX, Descriptor, go_json, parse_json_object
from lithify.errors import Corrupt, RegistryError

if TYPE_CHECKING:
    from lithify.cache.registry.repository import Repository

_NOT_FOUND = 404
_MOST_REFERRERS = 10_000


def subject_in(raw: bytes) -> Descriptor | None:
    """What a manifest says it is about. Raises Corrupt."""
    subject = parse_json_object(raw, "the manifest").get("subject")
    return Descriptor.from_json(subject) if subject is not None else None


def push_referrer(
    repository: Repository, descriptor: Descriptor, raw: bytes, subject: Descriptor
) -> None:
    """Push an artifact, whose blobs are there, and make it found by its subject. Raises RegistryError, Corrupt."""
    digest, media_type = descriptor.digest, descriptor.media_type
    if not repository.put_manifest(digest, raw, media_type):
        _list(repository, descriptor, parse_json_object(raw, "the manifest"), subject)


def _list(
    repository: Repository, descriptor: Descriptor, manifest: dict[str, Any], subject: Descriptor
) -> None:
    """Add it to the index of the subject's tag, if it is not there."""
    tag = subject.digest.replace(":", "-")
    listed = _listed(repository, tag)
    if any(one.get("digest") == descriptor.digest for one in listed):
        return
    if len(listed) >= _MOST_REFERRERS:
        raise Corrupt(
            f"{repository.location.name}:{tag} lists more than {_MOST_REFERRERS} artifacts"
        )
    own = {
        "mediaType": descriptor.media_type,
        "digest": str(descriptor.digest),
        "size": descriptor.size,
        "artifactType": manifest.get("artifactType"),
        "annotations": manifest.get("annotations"),
    }
    entries = [*listed, {key: value for key, value in own.items() if value}]
    index = {"schemaVersion": 2, "mediaType": MEDIA_INDEX, "manifests": entries}
    repository.put_manifest(tag, go_json(index, indent=2), MEDIA_INDEX)


def _listed(repository: Repository, tag: str) -> list[dict[str, Any]]:
    try:
        received = repository.manifest(tag)
    except RegistryError as error:
        if error.status != _NOT_FOUND:
            raise
        return []
    entries = parse_json_object(received.raw, "the index of referrers").get("manifests")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Corrupt(f"{repository.location.name}:{tag} is no index of referrers")
    return entries
