"""Owns the engine's questions about attestations, apart from the engine so that its module stays small.

Like the engine it loads what answers only when it is asked. It refuses to have a store of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lithify.attesting import Statement
    from lithify.cache.store import Store


class AttestedImages:
    """What an engine knows of images beside their content."""

    def _store(self) -> Store:
        """The store of the engine that this is a part of."""
        raise NotImplementedError

    def attestations(self, name: str) -> tuple[Statement, ...]:
        """What is attested of an image, beside it or in its index. Raises ImageNotFound, ContentError."""
        from lithify.attesting import attestations_of

        return attestations_of(self._store(), name)

    def sbom(self, name: str) -> dict[str, Any]:
        """The packages in an image as an SPDX document, found now. Raises ImageNotFound, ContentError."""
        from lithify.attesting import make_sbom

        return make_sbom(self._store(), name)
