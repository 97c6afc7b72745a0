"""Owns the reading of `--output` options: every one is honoured or refused by name.

It exists so that all exporters understand the same words in the same way. It refuses to guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.errors import UsageError
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
_ANNOTATION = re.compile(r"annotation(?:-([a-z-]+))?(?:\[([A-Za-z0-9_/-]+)\])?\.(\S+)\Z")
_KINDS = ("manifest", "manifest-descriptor", "index", "index-descriptor")
_COMPRESSIONS = ("gzip", "uncompressed", "zstd")
#: Of the image output, for those that push.
PUSH_OPTIONS = ("push", "push-by-digest")
#: Words that only say what always is so here.
_ALWAYS_SO = {
    "rewrite-timestamp": True,
    "prefer-nondist-layers": False,
    "store": True,
    "oci-artifact": True,
}
#: Beside the image as OCI referrers, or listed in an index over it as BuildKit does.
_ATTESTATIONS = ("referrers", "index")


@dataclass(frozen=True, slots=True)
class Annotation:
    """Where it goes (`manifest`, `index`, ...), for which platform ('' is all), what it says."""

    kind: str
    platform: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Of an image archive."""

    names: tuple[str, ...]
    compression: str
    level: int | None
    force_compression: bool
    oci_types: bool
    as_tar: bool
    annotations: tuple[Annotation, ...]
    attestations_inline: bool = False

    def annotations_of(self, kind: str, platform: str) -> tuple[tuple[str, str], ...]:
        """Keys and values of one kind; a platform's own override the general ones."""
        general = {
            one.key: one.value for one in self.annotations if one.kind == kind and not one.platform
        }
        own = {
            one.key: one.value
            for one in self.annotations
            if one.kind == kind and one.platform and one.platform == platform
        }
        return tuple(sorted((general | own).items()))


def read_image_options(options: Mapping[str, str], names: tuple[str, ...]) -> ImageOptions:
    """Options of `oci` and `docker`; `names` unless the options name others. Raises UsageError."""
    rest = dict(options)
    annotations = tuple(_read_annotations(rest))
    given = rest.pop("name", "")
    compression = rest.pop("compression", "gzip")
    if compression not in _COMPRESSIONS:
        raise UsageError(
            f"unsupported layer compression type: {compression}",
            hint="known types: " + ", ".join(_COMPRESSIONS),
        )
    found = ImageOptions(
        _references(given) if given else names,
        compression,
        _read_level(rest.pop("compression-level", ""), compression),
        take_boolean(rest, "force-compression", False),
        take_boolean(rest, "oci-mediatypes", True),
        take_boolean(rest, "tar", True),
        annotations,
        _read_place(rest.pop("attestations", _ATTESTATIONS[0])),
    )
    refuse_rest(rest)
    if not found.oci_types and compression == "zstd":
        raise UsageError('exporter option "compression=zstd" conflicts with "oci-mediatypes=false"')
    if not found.oci_types and annotations:
        raise UsageError('cannot export annotations with "oci-mediatypes=false"')
    return found


def take_boolean(options: dict[str, str], name: str, default: bool) -> bool:
    """Remove and read a boolean in Go's spellings. Raises UsageError."""
    text = options.pop(name, "")
    if not text:
        return default
    if text not in _TRUE + _FALSE:
        raise UsageError(f"non-bool value {text!r} for the output option {name}")
    return text in _TRUE


def refuse_rest(options: dict[str, str]) -> None:
    """Refuse options that nobody took. Raises UsageError."""
    for name, value in sorted(options.items()):
        if (
            name in _ALWAYS_SO
            and take_boolean({name: value}, name, _ALWAYS_SO[name]) == _ALWAYS_SO[name]
        ):
            continue
        raise UsageError(f"unsupported output option {name}={value}")


def _references(text: str) -> tuple[str, ...]:
    from lithify.cache.reference import parse_reference

    return tuple(str(parse_reference(name.strip())) for name in text.split(",") if name.strip())


def _read_place(text: str) -> bool:
    if text not in _ATTESTATIONS:
        raise UsageError(
            f"unsupported output option attestations={text}",
            hint="known places: " + ", ".join(_ATTESTATIONS),
        )
    return text == "index"


def _read_level(text: str, compression: str) -> int | None:
    """Only zstd has levels: gzip's is part of the canonical form."""
    if not text:
        return None
    if compression != "zstd" or not text.isdigit() or not 1 <= int(text) <= 22:
        raise UsageError(
            f"unsupported compression-level {text} for {compression}",
            hint="zstd takes 1 to 22; the level of gzip is fixed, so that its bytes always agree",
        )
    return int(text)


def _read_annotations(rest: dict[str, str]) -> list[Annotation]:
    found = []
    for name in [name for name in rest if name.startswith("annotation")]:
        match = _ANNOTATION.match(name)
        kind = (match[1] or "manifest") if match else ""
        if match is None or kind not in _KINDS:
            raise UsageError(
                f"unknown annotation option {name}", hint="kinds: " + ", ".join(_KINDS)
            )
        found.append(Annotation(kind, match[2] or "", match[3], rest.pop(name)))
    return found
