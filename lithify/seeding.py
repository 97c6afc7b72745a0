"""Owns the filling of an empty store with the base images of one build, and nothing else of another store.

Two builds can be compared only over the same bases, and a name may mean another image a minute later. So bases are
resolved once, taken over whole under their names, and never asked for again. It refuses to take what the build does not
name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lithify.cache.layout import SCHEME, import_layout
from lithify.cache.resolutions import known_digest
from lithify.errors import ContentError, ImageNotFound
from lithify.registries import RegistryAccess, wanted_platforms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lithify.cache.oci import Descriptor
    from lithify.cache.store import Store
    from lithify.executor.cancel import Cancellation
    from lithify.executor.events import Event


class Seeder:
    """Fills stores from one store, which registries complete where it is not whole."""

    def __init__(
        self,
        source: Store,
        environment: Mapping[str, str],
        cancellation: Cancellation,
        emit: Callable[[Event], None],
    ) -> None:
        self._source = source
        self._environment = environment
        self._cancellation = cancellation
        self._emit = emit

    def fill(self, target: Store, references: Iterable[str], platforms: Sequence[str]) -> None:
        """Name in `target` what the references mean here. Raises ImageNotFound, RegistryError, ContentError, ..."""
        for reference in dict.fromkeys(references):
            self._cancellation.check()
            if reference.startswith(SCHEME):
                continue  # a path, which means the same to every store
            digest = known_digest(self._source, reference)
            descriptor = self._copy(target, digest) if digest else None
            if descriptor is None:
                descriptor = self._pull(target, _pinned(reference, digest), platforms)
            target.images.tag(reference, descriptor)

    def _copy(self, target: Store, digest: str) -> Descriptor | None:
        """The image from the source; None if its layers are still on a registry."""
        try:
            return import_layout(target, Path(self._source.root), digest)
        except (ContentError, ImageNotFound):
            return None

    def _pull(self, target: Store, reference: str, platforms: Sequence[str]) -> Descriptor:
        with RegistryAccess(
            target, self._environment, self._cancellation, self._emit
        ) as registries:
            return registries.pull(reference, wanted_platforms(platforms))[1]


def _pinned(reference: str, digest: str) -> str:
    """The reference by the digest that it meant when the build was planned."""
    if "@" in reference or not digest:
        return reference
    head, slash, tail = reference.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}@{digest}"
