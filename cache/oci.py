"""Owns the OCI documents as values: descriptor, manifest, index, image config.

Documents keep the bytes they came from, so that a digest is always over what was received. What is written is
byte-stable: Go's JSON escaping, fixed field order. It refuses input and output: parsing and rendering only.
"""

from __future__ import annotations

import json
from typing import Any

from lithify.cache.digest import Digest
from lithify.cache.platform import Platform
from lithify.errors import Corrupt
from lithify.values import dataclass, field, replace

MEDIA_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_CONFIG = "application/vnd.oci.image.config.v1+json"
MEDIA_LAYER = "application/vnd.oci.image.layer.v1.tar"
MEDIA_LAYER_GZIP = MEDIA_LAYER + "+gzip"
MEDIA_LAYER_ZSTD = MEDIA_LAYER + "+zstd"
MEDIA_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MEDIA_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MEDIA_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
MEDIA_DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MEDIA_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
INLINE_CACHE = "lithify.cache.v1"  # the image's own cache, docs/cache-format.md
MANIFEST_TYPES = (MEDIA_MANIFEST, MEDIA_DOCKER_MANIFEST)
INDEX_TYPES = (MEDIA_INDEX, MEDIA_DOCKER_LIST)

_HTML = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def go_json(value: object, *, indent: int | None = None) -> bytes:
    """JSON as Go's encoding/json writes it: HTML-escaped, UTF-8, keys in the order given."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return text.translate(_HTML).encode("utf-8", "replace")


def _list(value: object) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise Corrupt("a document holds something else than a list")
    return value or []


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if value is not None and not isinstance(value, dict):
        raise Corrupt("a document holds something else than a map of strings")
    return tuple(sorted((str(key), str(one)) for key, one in (value or {}).items()))


def _names(value: object) -> tuple[str, ...]:
    """The keys of a set, which Go writes as a map to empty objects."""
    if value is not None and not isinstance(value, dict | list):
        raise Corrupt("a document holds something else than a set of names")
    return tuple(str(one) for one in value or ())


def _integer(value: object) -> int:
    if value is not None and not isinstance(value, int):
        raise Corrupt("a document holds something else than a whole number")
    return int(value or 0)


def parse_json_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object from untrusted bytes. Raises Corrupt."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"{what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Corrupt(f"{what} is not a JSON object")
    return value


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A typed, sized, digested pointer to content (OCI image-spec, descriptor)."""

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.annotations:
            out["annotations"] = dict(sorted(self.annotations))
        if self.platform is not None:
            out["platform"] = self.platform.to_json()
        return out

    @classmethod
    def from_json(cls, value: object) -> Descriptor:
        """Raises Corrupt."""
        if not isinstance(value, dict):
            raise Corrupt("a descriptor is not an object")
        size = value.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Corrupt("a descriptor has no valid size")
        platform = value.get("platform")
        return cls(
            str(value.get("mediaType", "")),
            Digest(str(value.get("digest", ""))),
            size,
            Platform.from_json(platform) if isinstance(platform, dict) else None,
            _pairs(value.get("annotations")),
        )

    @property
    def annotation(self) -> dict[str, str]:
        return dict(self.annotations)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest; `raw` are the bytes its digest is over."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str
    annotations: tuple[tuple[str, str], ...]
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """Raises Corrupt."""
        value = parse_json_object(raw, "the image manifest")
        if value.get("schemaVersion") != 2 or "config" not in value:
            raise Corrupt("the image manifest is not of schema version 2")
        return cls(
            Descriptor.from_json(value["config"]),
            tuple(Descriptor.from_json(one) for one in _list(value.get("layers"))),
            str(value.get("mediaType") or MEDIA_MANIFEST),
            _pairs(value.get("annotations")),
            raw,
        )

    @classmethod
    def make(
        cls,
        config: Descriptor,
        layers: tuple[Descriptor, ...],
        *,
        annotations: tuple[tuple[str, str], ...] = (),
        media_type: str = MEDIA_MANIFEST,
    ) -> Manifest:
        value: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config.to_json(),
            "layers": [layer.to_json() for layer in layers],
        }
        if annotations:
            value["annotations"] = dict(sorted(annotations))
        return cls(config, layers, media_type, annotations, go_json(value, indent=2))

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, Digest.of(self.raw), len(self.raw))


@dataclass(frozen=True, slots=True)
class Index:
    """An image index (or manifest list)."""

    manifests: tuple[Descriptor, ...]
    media_type: str
    annotations: tuple[tuple[str, str], ...]
    raw: bytes = field(repr=False)

    @classmethod
    def parse(cls, raw: bytes) -> Index:
        """Raises Corrupt."""
        value = parse_json_object(raw, "the image index")
        return cls(
            tuple(Descriptor.from_json(one) for one in _list(value.get("manifests"))),
            str(value.get("mediaType") or MEDIA_INDEX),
            _pairs(value.get("annotations")),
            raw,
        )

    @classmethod
    def make(
        cls,
        manifests: tuple[Descriptor, ...],
        *,
        annotations: tuple[tuple[str, str], ...] = (),
        media_type: str = MEDIA_INDEX,
    ) -> Index:
        value: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": [one.to_json() for one in manifests],
        }
        if annotations:
            value["annotations"] = dict(sorted(annotations))
        return cls(manifests, media_type, annotations, go_json(value, indent=2))

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(self.media_type, Digest.of(self.raw), len(self.raw))


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Durations in nanoseconds; 0 is not given."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"Test": list(self.test)} if self.test else {}
        for key, value in (
            ("Interval", self.interval),
            ("Timeout", self.timeout),
            ("StartPeriod", self.start_period),
            ("StartInterval", self.start_interval),
            ("Retries", self.retries),
        ):
            if value:
                out[key] = value
        return out

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Healthcheck:
        return cls(
            _strings(value.get("Test")) or (),
            *(
                _integer(value.get(key))
                for key in ("Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
            ),
        )


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """The `config` object of an image: what a container started from it gets by default."""

    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    volumes: tuple[str, ...] = ()
    working_dir: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    stop_signal: str = ""
    args_escaped: bool = False
    healthcheck: Healthcheck | None = None
    on_build: tuple[str, ...] = ()
    shell: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """In Go's field order of the Docker image config; empty members omitted."""
        members: tuple[tuple[str, Any], ...] = (
            ("User", self.user),
            ("ExposedPorts", {port: {} for port in sorted(set(self.exposed_ports))}),
            ("Env", list(self.env)),
            ("Entrypoint", list(self.entrypoint or ())),
            ("Cmd", list(self.cmd or ())),
            ("Volumes", {path: {} for path in sorted(set(self.volumes))}),
            ("WorkingDir", self.working_dir),
            ("Labels", dict(sorted(self.labels))),
            ("StopSignal", self.stop_signal),
            ("ArgsEscaped", self.args_escaped),
            ("Healthcheck", self.healthcheck.to_json() if self.healthcheck else None),
            ("OnBuild", list(self.on_build)),
            ("Shell", list(self.shell or ())),
        )
        return {key: value for key, value in members if value}

    @classmethod
    def from_json(cls, value: object) -> ContainerConfig:
        """Raises Corrupt."""
        if value is None:
            return cls()
        if not isinstance(value, dict):
            raise Corrupt("the image config's `config` is not an object")
        health = value.get("Healthcheck")
        return cls(
            user=str(value.get("User") or ""),
            exposed_ports=_names(value.get("ExposedPorts")),
            env=_strings(value.get("Env")) or (),
            entrypoint=_strings(value.get("Entrypoint")),
            cmd=_strings(value.get("Cmd")),
            volumes=_names(value.get("Volumes")),
            working_dir=str(value.get("WorkingDir") or ""),
            labels=_pairs(value.get("Labels")),
            stop_signal=str(value.get("StopSignal") or ""),
            args_escaped=bool(value.get("ArgsEscaped")),
            healthcheck=Healthcheck.from_json(health) if isinstance(health, dict) else None,
            on_build=_strings(value.get("OnBuild")) or (),
            shell=_strings(value.get("Shell")),
        )


def _strings(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Corrupt("an image config holds something else than a list of strings")
    return tuple(value)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry of an image's history; `created` is RFC 3339 or empty."""

    created: str = ""
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False

    def to_json(self) -> dict[str, Any]:
        members = (
            ("created", self.created),
            ("created_by", self.created_by),
            ("author", self.author),
            ("comment", self.comment),
            ("empty_layer", self.empty_layer),
        )
        return {key: value for key, value in members if value}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> HistoryEntry:
        return cls(
            str(value.get("created") or ""),
            str(value.get("created_by") or ""),
            str(value.get("author") or ""),
            str(value.get("comment") or ""),
            bool(value.get("empty_layer")),
        )


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """An image config document (OCI image-spec, config); `inline_cache` is only written, never inherited."""

    platform: Platform
    config: ContainerConfig = ContainerConfig()
    diff_ids: tuple[Digest, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    created: str = ""
    author: str = ""
    inline_cache: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> ImageConfig:
        """Raises Corrupt. A foreign config must name its os and architecture."""
        value = parse_json_object(raw, "the image config")
        rootfs = value.get("rootfs")
        diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        history = value.get("history") or []
        if not isinstance(history, list) or not all(isinstance(one, dict) for one in history):
            raise Corrupt("the image config's history is not a list of objects")
        return cls(
            Platform.from_json(value),
            ContainerConfig.from_json(value.get("config")),
            tuple(Digest(one) for one in _strings(diff_ids) or ()),
            tuple(HistoryEntry.from_json(one) for one in history),
            str(value.get("created") or ""),
            str(value.get("author") or ""),
        )

    def render(self) -> bytes:
        """Compact JSON with the top-level keys in alphabetical order."""
        value: dict[str, Any] = {
            "architecture": self.platform.architecture,
            "author": self.author,
            "config": self.config.to_json(),
            "created": self.created,
            "history": [entry.to_json() for entry in self.history],
            INLINE_CACHE: self.inline_cache,
            "os": self.platform.os,
            "os.version": self.platform.os_version,
            "rootfs": {"type": "layers", "diff_ids": [str(one) for one in self.diff_ids]},
            "variant": self.platform.variant,
        }
        optional = {"author", "created", "os.version", "variant", "history", INLINE_CACHE}
        return go_json({k: v for k, v in value.items() if v or k not in optional})

    def with_layers(self, diff_ids: tuple[Digest, ...]) -> ImageConfig:
        return replace(self, diff_ids=diff_ids)
