"""Owns the way from an image's name to the image: OCI layouts named outright, the store, and registries.

It exists so that the compiler can ask for a base image without knowing where images live. It refuses to guess: a name
that is nowhere gives an error that says where was looked and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lithify.cache.layout import import_layout, parse_layout_reference
from lithify.cache.reference import parse_reference
from lithify.errors import (
    ContentError,
    ImageNotFound,
    RegistryBlocked,
    RegistryError,
    RegistryNotFound,
    RegistryUnreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.cache.reference import Reference
    from lithify.cache.registry.pull import RemoteImages
    from lithify.cache.store import Store

LAYOUT_SCHEME = "oci-layout://"
IMAGE_SCHEME = "docker-image://"

#: When to ask registries: always; always, but what is here will do if they fail; if nothing is here; never.
PullPolicy = Literal["always", "newer", "missing", "never"]
PULL_POLICIES: tuple[PullPolicy, ...] = ("always", "newer", "missing", "never")

#: Images that `lithify bootstrap` can make without any registry.
_BOOTSTRAPPED = ("docker.io/library/busybox", "docker.io/library/debian")


class StoreResolver:
    """Resolves names against one store and, if there are any, registries (see ImageResolver).

    Remembers what it resolved, so that one build means one image by a name. `registries` is called
    when something is not in the store by its name."""

    def __init__(
        self,
        store: Store,
        registries: Callable[[], RemoteImages] | None = None,
        policy: PullPolicy = "missing",
    ) -> None:
        self._store = store
        self._registries = registries
        self._policy = policy
        self._known: dict[tuple[str, Platform], ResolvedImage] = {}

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image for a platform. Raises ImageNotFound, ContentError, RegistryError."""
        known = self._known.get((reference, platform))
        if known is None:
            known = self._known[reference, platform] = self._resolve(reference, platform)
        return known

    @property
    def resolved(self) -> tuple[str, ...]:
        """The references that were asked for and found."""
        return tuple(dict.fromkeys(reference for reference, _ in self._known))

    def _resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        if reference.startswith(LAYOUT_SCHEME):
            directory, selector = parse_layout_reference(reference)
            descriptor = import_layout(self._store, directory, selector)
            return self._store.images.resolve(descriptor, platform, reference)
        written = reference.removeprefix(IMAGE_SCHEME)
        if self._registries is None or self._policy == "never":
            return self._local(written, platform)
        if self._policy == "always":
            return self._fetched(written, platform)
        if self._policy == "newer":
            return self._newer(written, platform)
        try:
            return self._local(written, platform)
        except (ImageNotFound, ContentError) as missing:
            return self._missing(written, platform, missing)

    def _local(self, written: str, platform: Platform) -> ResolvedImage:
        """The image that is named so in the store, or that the name meant when registries were last asked.

        Raises ImageNotFound, ContentError."""
        name = parse_reference(written)
        found = self._store.images.get(str(name))
        if found is not None:
            return self._store.images.resolve(found, platform, str(name))
        if self._registries is not None:
            remote = self._registries()
            remembered = remote.remembered(written, offline=self._policy == "never")
            if remembered is not None:
                return remote.resolve(remembered, platform)
        ways = _advice(name)
        if self._policy == "never":
            ways = f"it may not be pulled now: leave out --offline and --pull=never; or {ways}"
        raise ImageNotFound(
            f"{name.familiar}: image not found in the store {self._store.root}", hint=ways
        )

    def _fetched(self, written: str, platform: Platform) -> ResolvedImage:
        assert self._registries is not None
        remote = self._registries()
        try:
            return remote.resolve(remote.find(written), platform)
        except RegistryNotFound as error:
            raise ImageNotFound(error.message, hint=error.hint) from error

    def _newer(self, written: str, platform: Platform) -> ResolvedImage:
        try:
            return self._fetched(written, platform)
        except (RegistryError, ImageNotFound) as failure:
            try:
                return self._local(written, platform)
            except (ImageNotFound, ContentError):
                raise failure from None

    def _missing(
        self, written: str, platform: Platform, missing: ImageNotFound | ContentError
    ) -> ResolvedImage:
        try:
            return self._fetched(written, platform)
        except (RegistryUnreachable, RegistryBlocked) as error:
            hints = dict.fromkeys(one for one in (missing.hint, error.hint) if one)
            message = f"{missing.message}, nor could it be pulled: {error.message}"
            raise ImageNotFound(message, hint="; or ".join(hints)) from error


def _advice(name: Reference) -> str:
    ways = [
        "load it from an archive with `lithify load`",
        "name an OCI layout with `--build-context NAME=oci-layout://DIR`",
    ]
    if f"{name.domain}/{name.path}" in _BOOTSTRAPPED:
        tail = name.path.rpartition("/")[2]
        suite = f":{name.tag}" if tail == "debian" and name.tag not in ("", "latest") else ""
        ways.insert(0, f"make it with `lithify bootstrap {tail}{suite}`")
    return "; or ".join(ways)
