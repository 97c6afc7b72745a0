"""Owns the form of attestations: in-toto statements about an image, in a manifest whose subject the image is.

The same manifest serves as an OCI referrer and as an entry of an index. An image whose layers get compressed on their way
out has another digest there, so statements made here can be made again for that one. It refuses signed envelopes: what
others signed is passed on as it is or not at all.

Specification: section 7.7; in-toto Statement v1; OCI image-spec, artifact usage.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from lithify.cache.digest import Digest
from lithify.cache.documents import read_document
from lithify.cache.oci import MEDIA_MANIFEST, Descriptor, go_json, parse_json_object
from lithify.cache.platform import Platform
from lithify.cache.reference import parse_reference
from lithify.cache.referrers import reference_annotations, subject_of
from lithify.errors import Corrupt, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lithify.cache.blobs import FileBlobStore

ARTIFACT_TYPE = "application/vnd.docker.attestation.manifest.v1+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"
_MEDIA_EMPTY = "application/vnd.oci.empty.v1+json"
_MEDIA_STATEMENT = "application/vnd.in-toto+json"
_PREDICATE_TYPE = "in-toto.io/predicate-type"
_UNKNOWN = Platform("unknown", "unknown")
MOST_STATEMENT_BYTES = 64 * 1024 * 1024


class Predicate(NamedTuple):
    """What is said, and by which schema."""

    type: str
    value: dict[str, Any]


class Attestation(NamedTuple):
    """An attestation manifest: as an index lists it, its bytes, and the blobs it needs, which are in the store."""

    descriptor: Descriptor
    raw: bytes
    blobs: tuple[Descriptor, ...]
    subject: Digest


def attest(
    blobs: FileBlobStore, predicates: Iterable[Predicate], subject: Descriptor, names: Sequence[str]
) -> Attestation:
    """Store statements about an image and their manifest. Raises StoreError, UsageError (too large)."""
    statements = [
        {
            "_type": STATEMENT_TYPE,
            "predicateType": one.type,
            "subject": _subjects(subject, names),
            "predicate": one.value,
        }
        for one in predicates
    ]
    return _stored(blobs, statements, subject)


def _subjects(subject: Descriptor, names: Sequence[str]) -> list[dict[str, Any]]:
    """One for each name of the image, `_` if it has none."""
    digest = {"sha256": subject.digest.hex}
    platform = str(subject.platform).replace("/", "%2F") if subject.platform else ""
    query = f"?platform={platform}" if platform else ""
    shown = []
    for name in sorted(names):
        reference = parse_reference(name)
        shown.append(f"pkg:docker/{reference.familiar_name}@{reference.tag}{query}")
    return [{"name": name, "digest": digest} for name in shown or ["_"]]


def _stored(
    blobs: FileBlobStore, statements: Iterable[dict[str, Any]], subject: Descriptor
) -> Attestation:
    layers = []
    for statement in statements:
        raw = go_json(statement)
        if len(raw) > MOST_STATEMENT_BYTES:
            raise UsageError(
                f"an attestation of {len(raw)} bytes is too large", hint="build without --sbom"
            )
        stored = blobs.put(raw, _MEDIA_STATEMENT)
        kind = ((_PREDICATE_TYPE, str(statement.get("predicateType", ""))),)
        layers.append(Descriptor(stored.media_type, stored.digest, stored.size, None, kind))
    config = blobs.put(b"{}", _MEDIA_EMPTY)
    about = Descriptor(subject.media_type, subject.digest, subject.size)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": config.to_json(),
        "layers": [one.to_json() for one in layers],
        "subject": about.to_json(),
    }
    raw = go_json(manifest, indent=2)
    made = blobs.put(raw, MEDIA_MANIFEST)
    return Attestation(
        Descriptor(
            made.media_type, made.digest, made.size, _UNKNOWN, reference_annotations(subject.digest)
        ),
        raw,
        (config, *layers),
        subject.digest,
    )


def read_attestation(blobs: FileBlobStore, descriptor: Descriptor) -> Attestation:
    """An attestation manifest of a store, as it is. Raises NotFound, DigestMismatch, Corrupt."""
    raw = read_document(blobs, descriptor)
    value = parse_json_object(raw, "the attestation manifest")
    layers = value.get("layers")
    if not isinstance(layers, list):
        raise Corrupt("the attestation manifest has no layers")
    parts = (Descriptor.from_json(one) for one in (value.get("config"), *layers))
    return Attestation(descriptor, raw, tuple(parts), subject_of(descriptor) or Digest.of(raw))


def read_statements(blobs: FileBlobStore, descriptor: Descriptor) -> Iterator[dict[str, Any]]:
    """The statements of an attestation manifest. Raises NotFound, DigestMismatch, Corrupt."""
    for one in read_attestation(blobs, descriptor).blobs[1:]:
        if one.media_type == _MEDIA_STATEMENT:
            data = blobs.read(one.digest, MOST_STATEMENT_BYTES)
            yield parse_json_object(data, "the attestation")


def moved(blobs: FileBlobStore, descriptor: Descriptor, subject: Descriptor) -> Attestation:
    """What is said of an image, said of another form of it. Raises NotFound, DigestMismatch, Corrupt."""
    if subject_of(descriptor) == subject.digest:
        return read_attestation(blobs, descriptor)
    statements = []
    for statement in read_statements(blobs, descriptor):
        about = statement.get("subject")
        if not isinstance(about, list) or not all(isinstance(one, dict) for one in about):
            raise Corrupt("the attestation has no subject")
        digest = {"sha256": subject.digest.hex}
        statements.append({**statement, "subject": [{**one, "digest": digest} for one in about]})
    return _stored(blobs, statements, subject)


def statement_text(statement: dict[str, Any]) -> str:
    """For people: the predicate, indented."""
    return json.dumps(statement.get("predicate"), indent=2, ensure_ascii=False) + "\n"
