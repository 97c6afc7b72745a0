"""Owns what an editor may know of builds that were made before: a port, for it stands in a store.

It refuses effects, and to promise anything: what is not known is None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.cache.ports import ResolvedImage


class StepFact(NamedTuple):
    """What became of an instruction in the last build that had it.

    `outcome` is cached, ran, failed or waiting; `size_bytes` is that of its layer as stored, None if unknown."""

    outcome: str
    seconds: float
    size_bytes: int | None
    reason: str = ""


class BuildFacts(Protocol):
    """What a store remembers."""

    def step(self, stage: str, text: str) -> StepFact | None:
        """The last step of a stage whose text begins with the instruction as it is shown."""

    def images(self) -> Iterable[str]:
        """The names of images that are at hand, as people write them."""

    def image(self, name: str) -> ResolvedImage | None:
        """The image of a name, if it is at hand."""


class NoFacts:
    """Where there is no store."""

    def step(self, stage: str, text: str) -> StepFact | None:
        """Nothing is known."""
        return None

    def images(self) -> Iterable[str]:
        """Nothing is at hand."""
        return ()

    def image(self, name: str) -> ResolvedImage | None:
        """Nothing is at hand."""
        return None
