"""Owns the shortest way through a build: if nothing that it reads has changed, its result is known.

A finished build leaves a note of everything it read: the request, the Dockerfile, the digests of its base images,
and a fingerprint of every listing it took files from. The next one compares these and needs neither parser nor
planner. It refuses builds that read more than that (remote sources, standard input) or write more than an image.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from lithify import __version__
from lithify.cache.documents import image_manifests, read_manifest
from lithify.cache.oci import Descriptor
from lithify.cache.reference import parse_reference
from lithify.cache.resolutions import known_digest
from lithify.errors import LithifyError, SourceText, Span
from lithify.executor import events
from lithify.executor.context import open_context
from lithify.executor.fingerprint import Listing, fingerprint
from lithify.executor.walks import Wanted
from lithify.requests import BuildResult
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.store import Store
    from lithify.executor.walks import Walks
    from lithify.requests import BuildRequest
    from lithify.surroundings import Surroundings

_KIND = "unchanged"
_FORM = 2
_MOST_DOCKERFILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Note:
    """What a finished build read and what came of it. `bases` are (reference, manifest digest)."""

    bases: tuple[tuple[str, str], ...]
    listings: tuple[Listing, ...]
    steps: tuple[events.StepSummary, ...]
    image: Descriptor
    config_digest: str
    warnings: tuple[events.Warned, ...] = ()


def is_eligible(request: BuildRequest) -> bool:
    """Whether a build reads and writes so little that a note can stand for it."""
    return (
        os.path.isdir(request.context)
        and request.dockerfile != "-"
        and not (request.no_cache or request.no_cache_filter or request.cache_to)
        and request.pull in ("missing", "never")
        and not request.attestations
        and all(output.type == "image" and not output.options for output in request.outputs)
        and all(os.path.isdir(value) for _, value in request.build_contexts)
    )


def remember(request: BuildRequest, dockerfile: bytes, note: Note, store: Store) -> None:
    """Leave a note for the next build of the same request. Raises StoreError."""
    document = {
        "bases": note.bases,
        "listings": [
            [one.context, one.path, one.exclude, one.parents, one.options, one.fingerprint]
            for one in note.listings
        ],
        "steps": [[step.index, step.name, step.stage, step.inputs] for step in note.steps],
        "image": note.image.to_json(),
        "config": note.config_digest,
        "warnings": [
            [one.rule, one.message, one.url, (one.span.start, one.span.end) if one.span else None]
            for one in note.warnings
        ],
    }
    store.records.memo_put(_KIND, _key(request, dockerfile), json.dumps(document))


def dockerfile_at_hand(request: BuildRequest) -> bytes | None:
    """The Dockerfile, if it is a file that the build can read once more: no pipe, no stream, nothing to be fetched."""
    path = _path(request)
    try:
        if request.dockerfile == "-" or not path.is_file():
            return None
        with path.open("rb") as source:
            return source.read(_MOST_DOCKERFILE_BYTES)
    except (OSError, ValueError):
        return None  # the long way tells what is wrong with it


def replay(
    request: BuildRequest, dockerfile: bytes | None, around: Surroundings
) -> BuildResult | None:
    """The result of a build that would find everything as an earlier one left it; otherwise None.

    Whatever is unusual (a missing file, a damaged store) is left to the long way, which can explain it."""
    started = time.monotonic()
    if dockerfile is None or not is_eligible(request):
        return None
    try:
        note = _find(request, dockerfile, around)
    except (LithifyError, OSError, ValueError):
        return None
    if note is None:
        return None
    names = tuple(str(parse_reference(tag)) for tag in request.tags)
    around.store.images.add(note.image, names)
    for warning in note.warnings:
        around.emit(warning)
    around.emit(events.PlanReady(note.steps))
    for step in note.steps:
        around.emit(events.StepCached(step.index))
    seconds = time.monotonic() - started
    count = len(note.steps)
    around.emit(events.BuildFinished(note.image.digest, names, seconds, count, count))
    warnings = tuple(one.text for one in note.warnings)
    return BuildResult(
        note.image.digest, note.config_digest, names, count, count, seconds, warnings
    )


def _find(request: BuildRequest, dockerfile: bytes, around: Surroundings) -> Note | None:
    store = around.store
    text = store.records.memo_get(_KIND, _key(request, dockerfile))
    if text is None:
        return None
    source = SourceText(os.fspath(_path(request)), dockerfile.decode("utf-8", "replace"))
    note = _read(json.loads(text), source)
    is_same = (
        all(known_digest(store, name) == digest for name, digest in note.bases)
        and _is_complete(store, note.image)
        and _are_same(request, note.listings, around.walks)
    )
    return note if is_same else None


def _read(document: dict[str, Any], source: SourceText) -> Note:
    return Note(
        tuple((name, digest) for name, digest in document["bases"]),
        tuple(
            Listing(context, path, tuple(exclude), parents, options, listed)
            for context, path, exclude, parents, options, listed in document["listings"]
        ),
        tuple(
            events.StepSummary(index, name, stage, tuple(inputs))
            for index, name, stage, inputs in document["steps"]
        ),
        Descriptor.from_json(document["image"]),
        document["config"],
        tuple(
            events.Warned(rule, message, Span(source, *place) if place else None, url)
            for rule, message, url, place in document["warnings"]
        ),
    )


def _is_complete(store: Store, image: Descriptor) -> bool:
    for one in image_manifests(store.blobs, image):
        manifest = read_manifest(store.blobs, one)
        if not all(store.blobs.holds(part) for part in (manifest.config, *manifest.layers)):
            return False
    return True


def _are_same(request: BuildRequest, listings: Sequence[Listing], walks: Walks) -> bool:
    for name in {one.context for one in listings}:
        directory = Path(dict(request.build_contexts)[name] if name else request.context)
        with open_context(directory, None if name else _path(request)) as context:
            for one in (one for one in listings if one.context == name):
                wanted = Wanted(name, one.path, one.exclude, one.parents)
                selection = walks.select(context, wanted).selection
                if fingerprint(selection, one.options) != one.fingerprint:
                    return False
    return True


def _path(request: BuildRequest) -> Path:
    if request.dockerfile:
        return Path(request.dockerfile)
    path = Path(request.context) / "Dockerfile"
    return path if path.exists() else path.with_name("dockerfile")


def _key(request: BuildRequest, dockerfile: bytes) -> str:
    """Names a request by all of it; a fast hash is enough, for it never leaves this store."""
    absolute = replace(
        request,
        context=os.path.abspath(request.context),
        build_contexts=tuple((k, os.path.abspath(v)) for k, v in request.build_contexts),
        cache_from=(),
        jobs=0,
    )
    head = repr((_FORM, __version__, os.uname().machine, absolute)).encode()
    return xxhash.xxh3_128_hexdigest(head + b"\0" + dockerfile)
