"""Owns the values that cross the facade: what is asked of the engine and what it answers.

They exist so that every door (command line, server, a program) asks in the same words. All are plain data;
paths are strings as the user gave them. It refuses defaults that depend on the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.errors import Secret


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One `--output`: its type, destination ('' is none, '-' standard output) and further options."""

    type: str
    dest: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """One `--secret`: from a file or from an environment variable (already read by the door)."""

    id: str
    src: str = ""
    value: Secret | None = None


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """One `--cache-from` or `--cache-to`: its type (registry, local, inline) and options, validated by the door."""

    type: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AttestationSpec:
    """One attestation that is asked for: `provenance` or `sbom`, with its attributes."""

    type: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A build. `context` is a directory, '-' (standard input), or a URL; `dockerfile` '' is the
    context's own, '-' standard input. `source_date_epoch` is a number or what `--build-arg SOURCE_DATE_EPOCH` may name. `proxies` are
    the door's proxy variables. `last_first` starts ready steps from the end of the plan, for a proof that order is
    nothing. `pull` says when registries are asked for base images: always, newer, missing or never."""

    context: str = "."
    dockerfile: str = ""
    tags: tuple[str, ...] = ()
    target: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    build_contexts: tuple[tuple[str, str], ...] = ()
    platforms: tuple[str, ...] = ()
    outputs: tuple[OutputSpec, ...] = ()
    secrets: tuple[SecretSpec, ...] = ()
    ssh: tuple[tuple[str, str], ...] = ()
    cache_from: tuple[CacheSpec, ...] = ()
    cache_to: tuple[CacheSpec, ...] = ()
    no_cache: bool = False
    no_cache_filter: tuple[str, ...] = ()
    pull: str = "missing"
    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    network: str = "default"
    extra_hosts: tuple[tuple[str, str], ...] = ()
    shm_size_bytes: int = 0
    ulimits: tuple[tuple[str, int, int], ...] = ()
    allow: frozenset[str] = frozenset()
    hostname: str = ""
    faithful: bool = False
    source_date_epoch: str = ""
    proxies: tuple[tuple[str, str], ...] = ()
    jobs: int = 0
    attestations: tuple[AttestationSpec, ...] = ()
    last_first: bool = False


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What to analyse: a build that is looked at instead of done, or the image of a name.

    With `is_context_assumed`, only the Dockerfile was named: the context it was last built with counts more.
    `platforms` is for images; of several, the first is looked at. `if_changed` are paths or patterns of the
    context, or `ARG=NAME`."""

    build: BuildRequest | None = None
    is_context_assumed: bool = False
    image: str = ""
    platforms: tuple[str, ...] = ()
    if_changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made. `digest` is that of the manifest or index in the store; `exports` are
    (output type, digest of what was written or '')."""

    digest: str
    config_digest: str
    names: tuple[str, ...]
    steps: int
    cached: int
    seconds: float
    warnings: tuple[str, ...] = ()
    exports: tuple[tuple[str, str], ...] = ()

    def metadata(self) -> dict[str, Any]:
        """The document of `--metadata-file` (keys as buildx writes them)."""
        out: dict[str, Any] = {"containerimage.digest": self.digest}
        if self.config_digest:
            out["containerimage.config.digest"] = self.config_digest
        if self.names:
            out["image.name"] = ",".join(self.names)
        return out


@dataclass(frozen=True, slots=True)
class RunRequest:
    """`lithify run`. Volumes are (host path or '', container path, read-only); None for `command`
    means the image's own."""

    image: str
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()
    workdir: str = ""
    user: str = ""
    volumes: tuple[tuple[str, str, bool], ...] = ()
    hostname: str = ""
    network: str = "default"
    interactive: bool = False
    tty: bool = False
    remove: bool = True


@dataclass(frozen=True, slots=True)
class ImageSummary:
    """One row of `images`. `size_bytes` is the sum of the layers as stored, `stored` when it came (Unix time).

    `problem` says why an image cannot be read; what is not known of it is then empty."""

    repository: str
    tag: str
    digest: str
    config_digest: str
    created: str
    size_bytes: int
    platform: str
    stored: float = 0.0
    labels: tuple[tuple[str, str], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of `history`, newest first; `layer` is the diff id or ''."""

    created: str
    created_by: str
    size_bytes: int
    comment: str
    layer: str


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine is set up: where its store is and how it isolates."""

    root: str
    isolation: str = "auto"
    #: The door's variables: where settings of registries and credentials are, proxies.
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
