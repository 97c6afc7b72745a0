"""Owns the way from an image's name to the image: the store first, then OCI layouts named outright.

It exists so that the compiler can ask for a base image without knowing where images live. It refuses to guess: a name
that is nowhere gives an error that says where was looked and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.layout import import_layout, parse_layout_reference
from lithify.cache.reference import parse_reference
from lithify.errors import ImageNotFound

if TYPE_CHECKING:
    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.cache.reference import Reference
    from lithify.cache.store import Store

LAYOUT_SCHEME = "oci-layout://"
IMAGE_SCHEME = "docker-image://"
#: Images that `lithify bootstrap` can make without any registry.
_BOOTSTRAPPED = ("docker.io/library/busybox", "docker.io/library/debian")


class StoreResolver:
    """Resolves names against one store (see ImageResolver). Remembers what it resolved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, Platform], ResolvedImage] = {}

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image for a platform. Raises ImageNotFound, ContentError."""
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
        name = parse_reference(reference.removeprefix(IMAGE_SCHEME))
        found = self._store.images.get(str(name))
        if found is None:
            raise ImageNotFound(
                f"{name.familiar}: image not found in the store {self._store.root}",
                hint=_advice(name),
            )
        return self._store.images.resolve(found, platform, str(name))


def _advice(name: Reference) -> str:
    ways = [
        "load it from an archive with `lithify load`",
        "name an OCI layout with `--build-context NAME=oci-layout://DIR`",
    ]
    if f"{name.domain}/{name.path}" in _BOOTSTRAPPED:
        tail = name.path.rpartition("/")[2]
        suite = f":{name.tag}" if tail == "debian" and name.tag not in ("", "latest") else ""
        ways.insert(0, f"make it with `lithify bootstrap {tail}{suite}`")
    return "; or ".join(ways) + " (registries are not reached by this version)"
