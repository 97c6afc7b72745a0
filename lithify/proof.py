"""Owns the values of a proof: how two builds of one request went, and what differs with which cause.

They are apart from the proving so that doors can render them without loading what builds. All are plain data.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lithify.executor.compare.model import Difference
    from lithify.executor.perturb.process import Applied, Disturbance
    from lithify.requests import BuildRequest


@dataclass(frozen=True, slots=True)
class Round:
    """One build of a proof, as another process is asked for it; without a `disturbance` it builds as here."""

    number: int
    request: BuildRequest
    root: str
    isolation: str
    disturbance: Disturbance | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """What a round made, and in which surroundings."""

    digest: str
    seconds: float
    surroundings: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference with its likely cause and what to do about it."""

    difference: Difference
    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A step whose layer differs although all it stands on is the same; '' is the image as a whole.

    `line` is that of the Dockerfile, 0 if unknown."""

    step: str
    line: int
    differences: tuple[Explained, ...]
    omitted: int = 0

    @property
    def causes(self) -> tuple[str, ...]:
        """The names of the causes, each once, the most frequent first."""
        names = [one.cause for one in self.differences]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: -names.count(name)))


@dataclass(frozen=True, slots=True)
class Proof:
    """Two builds of one request. `kept` is where the stores are, '' when they are gone; `later` counts the steps
    that differ and stand on something that does."""

    first: Built
    second: Built
    origins: tuple[Origin, ...] = ()
    later: int = 0
    kept: str = ""

    @property
    def is_identical(self) -> bool:
        return self.first.digest == self.second.digest

    def to_json(self) -> dict[str, Any]:
        """The document of `lithify prove --json`."""
        return {
            "identical": self.is_identical,
            **asdict(self),
            "causes": list(dict.fromkeys(name for one in self.origins for name in one.causes)),
        }
