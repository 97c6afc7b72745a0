"""Owns the values of `--cache-from` and `--cache-to`: those of buildx that can be honoured, and why the others can't.

Every key is honoured, is always so, or is refused by name. It refuses to look whether a cache is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cli.values import COMPRESSIONS, csv_fields, csv_pairs, unavailable
from lithify.errors import UsageError, closest
from lithify.requests import CacheSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPES = ("registry", "local", "inline")
MODES = ("min", "max")
#: What only works with a service that a builder is part of.
_SERVICES = {
    "gha": "the cache service of GitHub",
    "s3": "a bucket of S3",
    "azblob": "a container of Azure",
    "gcs": "a bucket of Google",
}
_FORMS = ("compression", "compression-level", "force-compression", "image-manifest")
_WRITTEN = (*_FORMS, "oci-mediatypes", "mode", "ignore-error")
_KEYS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("--cache-from", "registry"): ("ref",),
    ("--cache-from", "local"): ("src", "tag", "digest"),
    ("--cache-to", "registry"): ("ref", *_WRITTEN),
    ("--cache-to", "local"): ("dest", "tag", *_WRITTEN),
    ("--cache-to", "inline"): ("mode", "ignore-error"),
}
_NEEDED = {
    ("--cache-from", "registry"): "ref",
    ("--cache-from", "local"): "src",
    ("--cache-to", "registry"): "ref",
    ("--cache-to", "local"): "dest",
}
_TRUE, _FALSE = ("true", "1", "t"), ("false", "0", "f")


def cache(flag: str, text: str) -> CacheSpec:
    """`type=T[,key=value]...`, or the name of a cache on a registry. Raises UsageError."""
    fields = csv_fields(flag, text)
    if len(fields) == 1 and fields[0] and "=" not in fields[0]:
        return CacheSpec("registry", (("ref", _name(flag, fields[0])),))
    options = dict(csv_pairs(flag, text))
    kind = options.pop("type", "")
    _check_type(flag, kind, text)
    known = _KEYS[flag, kind]
    for key in options:
        if key not in known:
            near = closest(key, known)
            suggestion = f" (did you mean {near}?)" if near else ""
            hint = f"known: {', '.join(known)}"
            raise UsageError(f"{flag}: type={kind} has no key {key!r}{suggestion}", hint=hint)
    needed = _NEEDED.get((flag, kind))
    if needed and not options.get(needed):
        raise UsageError(f"{flag}: type={kind} needs {needed}=...")
    if needed == "ref":
        _name(flag, options["ref"])
    if "digest" in options:
        _digest(flag, options["digest"])
    _check_written(flag, kind, options)
    return CacheSpec(kind, tuple(options.items()))


def _check_type(flag: str, kind: str, text: str) -> None:
    if kind in _SERVICES:
        hint = "use type=registry, which any runner can reach, or type=local with a folder it keeps"
        raise unavailable(f"{flag} type={kind} ({_SERVICES[kind]})", hint)
    if kind == "inline" and flag == "--cache-from":
        raise UsageError(
            f"{flag}: an inline cache is read from its image", hint="type=registry,ref=IMAGE"
        )
    if kind not in TYPES:
        near = closest(kind, TYPES)
        suggestion = f" (did you mean {near}?)" if near else ""
        what = f"unknown type {kind!r}{suggestion}" if kind else f"{text!r} has no type"
        raise UsageError(f"{flag}: {what}", hint=f"one of {', '.join(TYPES)}")


def _check_written(flag: str, kind: str, options: Mapping[str, str]) -> None:
    modes = MODES if kind != "inline" else ("min",)
    if options.get("mode", "min") not in modes:
        hint = f"one of {', '.join(modes)}"
        if kind == "inline":
            hint = "an image only carries its own layers; use type=registry for mode=max"
        raise UsageError(f"{flag}: type={kind} has no mode {options['mode']!r}", hint=hint)
    form = options.get("compression", "gzip")
    if form not in COMPRESSIONS:
        hint = f"one of {', '.join(COMPRESSIONS)}"
        raise UsageError(f"{flag}: unknown compression {form!r}", hint=hint)
    for key in ("ignore-error", "force-compression"):
        if options.get(key, "false").lower() not in _TRUE + _FALSE:
            raise UsageError(f"{flag}: {key} is true or false, not {options[key]!r}")
    for key in ("image-manifest", "oci-mediatypes"):
        if options.get(key, "true").lower() not in _TRUE:
            raise UsageError(f"{flag}: {key}={options[key]} is not possible: caches are OCI images")
    level = options.get("compression-level", "")
    if level and not (form == "zstd" and level.isdecimal() and 1 <= int(level) <= 22):
        hint = "zstd takes 1 to 22; the level of gzip is fixed"
        raise UsageError(f"{flag}: compression-level {level} is not possible for {form}", hint=hint)


def _name(flag: str, text: str) -> str:
    from lithify.cache.reference import InvalidReference, parse_reference

    try:
        parse_reference(text)
    except InvalidReference as error:
        raise UsageError(f"{flag}: {error.message}") from error
    return text


def _digest(flag: str, text: str) -> None:
    from lithify.cache.digest import Digest
    from lithify.errors import Corrupt

    try:
        Digest(text)
    except Corrupt as error:
        raise UsageError(f"{flag}: {error.message}") from error
