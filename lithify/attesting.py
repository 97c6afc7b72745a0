"""Owns what is attested of images: provenance and contents of what was built, and the showing of both.

It joins a request and what its build knows to the documents that the executor makes, and never changes an image: what is
said lies beside it. It refuses to attest what it did not see, and to sign.

Specification: section 7.7.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from lithify.cache.documents import image_manifests, read_config, read_manifest
from lithify.cache.platform import host_platform
from lithify.cache.reference import parse_reference
from lithify.cache.referrers import subject_of
from lithify.errors import UsageError
from lithify.images import find, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.store import Store
    from lithify.compiler.plan import Plan
    from lithify.contexts import Contexts
    from lithify.executor.attest.materials import Material
    from lithify.executor.attest.provenance import Invocation, Mode
    from lithify.executor.attest.statement import Predicate
    from lithify.executor.builder import StepBuilder
    from lithify.executor.export.ports import ExportImage
    from lithify.executor.inputs import BuildInputs
    from lithify.requests import AttestationSpec, BuildRequest
    from lithify.surroundings import Surroundings

_TRUE = frozenset(("1", "t", "true"))
_FALSE = frozenset(("", "0", "f", "false"))
_MODES = ("min", "max", "full")
#: Outputs that have room for attestations.
_OUTPUTS = ("oci", "registry", "image")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_ALGORITHMS = {"provenance": "https://slsa.dev/provenance/", "sbom": "https://spdx.dev/Document"}


class Statement(NamedTuple):
    """An attestation as it is shown: of which image and platform, by which schema, and all of it."""

    image: str
    platform: str
    predicate_type: str
    manifest: str
    document: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "Image": self.image,
            "Platform": self.platform,
            "Manifest": self.manifest,
            "PredicateType": self.predicate_type,
            "Statement": self.document,
        }


@dataclass(frozen=True, slots=True)
class Wanted:
    """The attestations that a request asks for."""

    provenance: Mode | None = None
    has_sbom: bool = False


def read_wanted(request: BuildRequest) -> Wanted:
    """What a request asks for. Raises UsageError for whatever cannot be honoured."""
    specs = {one.type: one for one in request.attestations}
    if len(specs) < len(request.attestations):
        raise UsageError("the same kind of attestation is asked for twice")
    for kind in specs:
        if kind not in _ALGORITHMS:
            known = ", ".join(_ALGORITHMS)
            raise UsageError(f"unknown type of attestation {kind!r}", hint=f"known: {known}")
    for output in request.outputs if specs else ():
        if output.type not in _OUTPUTS:
            raise UsageError(
                f"the {output.type} output has no place for attestations",
                hint="use type=oci, type=registry or the store, or leave out --provenance and --sbom",
            )
    provenance = specs.get("provenance")
    if "sbom" in specs:
        _read_sbom(specs["sbom"])
    return Wanted(_read_mode(provenance) if provenance else None, "sbom" in specs)


def _read_sbom(spec: AttestationSpec) -> None:
    for key, value in spec.options:
        hint = "lithify finds packages itself, without a scanner image"
        raise UsageError(f"--sbom: {key}={value} is not available", hint=hint)


def _read_mode(spec: AttestationSpec) -> Mode:
    from lithify.executor.attest.provenance import Mode

    options = dict(spec.options)
    mode = options.pop("mode", "min")
    if mode not in _MODES:
        raise UsageError(f"--provenance: unknown mode {mode!r}", hint="min or max")
    version = options.pop("version", "v1")
    if version != "v1":
        raise UsageError(
            f"--provenance: version {version!r} is not available", hint="SLSA v1 is written"
        )
    made = Mode(
        mode != "min",
        options.pop("builder-id", ""),
        _boolean(options, "times"),
        _boolean(options, "reproducible"),
    )
    if made.has_times and not made.is_max:
        raise UsageError("--provenance: times=true needs mode=max")
    if _boolean(options, "inline-only"):
        raise UsageError("--provenance: inline-only=true is not available")
    for key, value in options.items():
        known = "mode, version, builder-id, reproducible, times"
        raise UsageError(f"--provenance: unknown attribute {key}={value}", hint=f"known: {known}")
    return made


def _boolean(options: dict[str, str], name: str) -> bool:
    text = options.pop(name, "").lower()
    if text not in _TRUE | _FALSE:
        raise UsageError(f"--provenance: {name}={text} is neither true nor false")
    return text in _TRUE


# -- building -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Built:
    """What a build knows when it is done. `started_s` and `finished_s` are Unix times."""

    plan: Plan
    builder: StepBuilder
    contexts: Contexts
    inputs: BuildInputs
    started_s: float
    finished_s: float


def attest_images(
    request: BuildRequest,
    around: Surroundings,
    built: Built,
    images: Sequence[ExportImage],
) -> dict[Digest, Descriptor]:
    """Store what is attested of each image; the attestations by the digests of the images' manifests.

    Raises LithifyError."""
    from lithify.executor.attest.statement import attest

    wanted = read_wanted(request)
    names = tuple(str(parse_reference(tag)) for tag in request.tags)
    store = around.store
    made = {}
    for number, image in enumerate(images):
        predicates = list(_predicates(wanted, request, store, built, number, image))
        done = attest(store.blobs, predicates, image.manifest, names)
        made[image.manifest.digest] = done.descriptor
    return made


def _predicates(
    wanted: Wanted,
    request: BuildRequest,
    store: Store,
    built: Built,
    number: int,
    image: ExportImage,
) -> Iterator[Predicate]:
    from lithify.executor.attest import materials
    from lithify.executor.attest.provenance import make_provenance
    from lithify.executor.attest.statement import PROVENANCE, SPDX, Predicate

    if wanted.has_sbom:
        name = parse_reference(request.tags[0]).familiar if request.tags else "image"
        yield Predicate(SPDX, _sbom(store, image, name))
    if wanted.provenance is not None:
        remotes = built.contexts.remotes() if built.contexts.has_fetched else None
        steps = materials.steps_of(built.plan, built.plan.results[number])
        used = materials.materials(steps, materials.Sources(built.builder, remotes))
        value = make_provenance(
            wanted.provenance,
            _invocation(request, built),
            steps,
            used,
            [layer.diff_id for layer in image.layers],
        )
        yield Predicate(PROVENANCE, value)


def _invocation(request: BuildRequest, built: Built) -> Invocation:
    from lithify.executor.assemble import rfc3339
    from lithify.executor.attest.provenance import Invocation
    from lithify.executor.layer import FORM_VERSION

    named = built.contexts.named
    source = _source(request, built.contexts)
    local = () if source is not None else ("context", "dockerfile")
    private = [(f"build-arg:{key}", value) for key, value in request.build_args]
    private += [(f"label:{key}", value) for key, value in request.labels]
    return Invocation(
        built.inputs.name,
        built.inputs.dockerfile,
        tuple(_args(request)),
        tuple(pair for pair in private if not _is_proxy(pair[0])),
        tuple(one.id for one in request.secrets),
        tuple(name for name, _ in request.ssh),
        (*local, *sorted(named.directories)),
        source,
        str(host_platform(os.uname().machine)),
        built.plan.epoch,
        f"lithify-layer-v{FORM_VERSION}{'-faithful' if request.faithful else ''}",
        (rfc3339(int(built.started_s)), rfc3339(int(built.finished_s))),
    )


def _is_proxy(key: str) -> bool:
    return key.removeprefix("build-arg:").lower() in _PROXIES


def _source(request: BuildRequest, contexts: Contexts) -> Material | None:
    """The remote build context; None for a local one and for standard input."""
    from lithify.contexts import remote_source
    from lithify.executor.attest.materials import remote

    if request.context == "-" or os.path.isdir(request.context):
        return None
    source = remote_source(request.context)
    return remote(source, contexts.remotes()) if source is not None else None


def _args(request: BuildRequest) -> Iterator[tuple[str, str]]:
    """What else can change the image, by BuildKit's names."""
    from lithify.executor.remote.credentials import redacted

    found: Mapping[str, str] = {
        "target": request.target,
        "force-network-mode": "" if request.network == "default" else request.network,
        "hostname": request.hostname,
        "add-hosts": ",".join(f"{host}={address}" for host, address in request.extra_hosts),
        "shm-size": str(request.shm_size_bytes or ""),
        "ulimit": ",".join(f"{name}={soft}:{hard}" for name, soft, hard in request.ulimits),
    }
    yield from ((key, value) for key, value in found.items() if value)
    for name, value in request.build_contexts:
        is_local = os.path.isdir(value) or value.startswith("oci-layout:")
        yield f"context:{name}", "local" if is_local else redacted(value)


# -- contents -------------------------------------------------------------------------------------


def _sbom(store: Store, image: ExportImage, name: str) -> dict[str, Any]:
    from lithify.executor.attest.scan import scan_layers
    from lithify.executor.attest.spdx import make_document

    config = read_config(store.blobs, read_manifest(store.blobs, image.manifest))
    return make_document(
        scan_layers(store, image.layers),
        config_digest=str(image.config.digest),
        created=config.created or "1980-01-01T00:00:00Z",
        name=name,
    )


def make_sbom(store: Store, name: str) -> dict[str, Any]:
    """The contents of an image of the store, for this machine's platform, found now. Raises ImageNotFound, ..."""
    from lithify.executor.attest.scan import scan_layers
    from lithify.executor.attest.spdx import make_document

    image = resolve(store, name)
    return make_document(
        scan_layers(store, image.layers),
        config_digest=image.config_digest,
        created=image.config.created or "1980-01-01T00:00:00Z",
        name=name,
    )


# -- showing --------------------------------------------------------------------------------------


def attestations_of(store: Store, name: str) -> tuple[Statement, ...]:
    """What is attested of an image, beside it or in its index. Raises ImageNotFound, ContentError."""
    return tuple(_statements(store, name))


def _statements(store: Store, name: str) -> Iterator[Statement]:
    from lithify.executor.attest.statement import read_statements

    top = find(store, name)
    inner = image_manifests(store.blobs, top)
    images = [one for one in inner if subject_of(one) is None]
    within = [one for one in inner if subject_of(one) is not None]
    for image in images:
        platform = str(read_config(store.blobs, read_manifest(store.blobs, image)).platform)
        about = [one for one in within if subject_of(one) == image.digest]
        for one in (*about, *store.images.attached(image.digest)):
            for document in read_statements(store.blobs, one):
                kind = str(document.get("predicateType", ""))
                yield Statement(name, platform, kind, str(one.digest), document)
