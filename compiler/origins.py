"""Owns the names a Dockerfile gives to file systems: stages, scratch, named contexts, images.

FROM, COPY --from and RUN --mount from= look names up by different rules, which are easiest to compare side by
side. It refuses to resolve: an image origin is a name, not yet an image.

Specification: sections 4.2, 4.3 and 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.errors import SourceError
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.platform import Platform
    from lithify.compiler.plan import BuildOptions
    from lithify.errors import Span

_SCRATCH = "scratch"
_NEVER_CONTEXTS = frozenset((_SCRATCH, "context"))
_IMAGE_SCHEME = "docker-image://"


@dataclass(frozen=True, slots=True)
class StageOrigin:
    """A stage of the file, by its number."""

    index: int


@dataclass(frozen=True, slots=True)
class EmptyOrigin:
    """`scratch`."""


@dataclass(frozen=True, slots=True)
class LocalOrigin:
    """A named context that is files: a directory of the client, or something fetched."""

    name: str


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """An image to resolve for a platform; `written` is how the Dockerfile calls it."""

    reference: str
    platform: Platform
    written: str


@dataclass(frozen=True, slots=True)
class TargetOrigin:
    """A named context that is the result of a target of the same file, built apart."""

    name: str
    target: str
    platform: Platform


Origin = StageOrigin | EmptyOrigin | LocalOrigin | ImageOrigin | TargetOrigin


def context_origin(name: str, platform: Platform, options: BuildOptions) -> Origin | None:
    """The named context that stands for a name, if any; the platform's own entry goes first."""
    has_contexts = options.local_contexts or options.image_contexts or options.target_contexts
    if not has_contexts or name in _NEVER_CONTEXTS:
        return None
    key = _context_key(name)
    images = {_context_key(given): reference for given, reference in options.image_contexts}
    locals_ = {_context_key(given): given for given in options.local_contexts}
    targets = {_context_key(given): (given, target) for given, target in options.target_contexts}
    for candidate in (f"{key}::{platform}", key):
        if candidate in images:
            return _image_context(images[candidate], platform, name)
        if candidate in locals_:
            return LocalOrigin(locals_[candidate])
        if candidate in targets:
            return TargetOrigin(*targets[candidate], platform)
    return None


def _image_context(reference: str, platform: Platform, written: str) -> Origin:
    if reference.removeprefix(_IMAGE_SCHEME) == _SCRATCH:
        return EmptyOrigin()
    return ImageOrigin(reference, platform, written)


def _context_key(name: str) -> str:
    """One spelling for `busybox`, `busybox:latest` and `docker.io/library/busybox`."""
    plain, separator, platform = name.partition("::")
    try:
        familiar = parse_reference(plain).familiar.removesuffix(":latest")
    except InvalidReference:
        familiar = plain
    return familiar + separator + platform


def base_origin(
    name: str, earlier: Sequence[str], platform: Platform, options: BuildOptions
) -> Origin:
    """What `FROM name` means; `earlier` are the names of the stages above, '' for unnamed ones."""
    if name and name in earlier:
        return StageOrigin(_last(earlier, name))
    if name == _SCRATCH:
        return EmptyOrigin()
    return context_origin(name, platform, options) or ImageOrigin(name, platform, name)


def source_origin(
    name: str, stages: Sequence[str], platform: Platform, options: BuildOptions
) -> Origin:
    """What `from=name` means: the last stage of that name, or what is not a stage."""
    lowered = name.lower()
    if lowered and lowered in stages:
        return StageOrigin(_last(stages, lowered))
    if name == _SCRATCH:
        return EmptyOrigin()
    return context_origin(name, platform, options) or ImageOrigin(name, platform, name)


def _last(names: Sequence[str], name: str) -> int:
    """The last place of a name that is there."""
    return len(names) - 1 - names[::-1].index(name)


def numbered_origin(name: str, count: int, span: Span) -> StageOrigin | None:
    """The stage of `COPY --from=<number>`. Raises SourceError for one that is not there."""
    sign, digits = (name[:1], name[1:]) if name[:1] in ("+", "-") else ("", name)
    if not (digits.isascii() and digits.isdigit()):
        return None
    index = int(sign + digits) if len(digits) < 10 else count
    if not 0 <= index < count:
        raise SourceError(f"invalid stage index {name}", span=span)
    return StageOrigin(index)
