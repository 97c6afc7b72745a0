"""Owns what one asks of a store apart from images and builds: why steps ran, what takes space, what can go.

It finds the build that somebody means and turns what the store knows into values for the doors. It refuses to build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.cache import gc, survey
from lithify.cache.history import BuildHistory
from lithify.cache.reference import InvalidReference, parse_reference
from lithify.errors import UsageError

if TYPE_CHECKING:
    from lithify.cache.history import BuildRecord, StepRecord
    from lithify.cache.store import Store

_MOST_SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A build, and the steps of it that were asked for (all if none was)."""

    build: BuildRecord
    steps: tuple[tuple[int, StepRecord], ...]
    is_selected: bool


class Upkeep:
    """The upkeep of one open store. Every method raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def builds(self) -> tuple[BuildRecord, ...]:
        """The last builds, the newest first."""
        return BuildHistory(self._store.records).latest()

    def why(self, words: tuple[str, ...]) -> Answer:
        """What `why [TAG|BUILD] [STEP]` asks for; the last build by default.

        One word that is no build is a step of the last one. Raises UsageError."""
        builds = self.builds()
        if not builds:
            raise UsageError("the store remembers no build", hint="build something first")
        build = _find_build(builds, words[0]) if words else builds[0]
        if build is None and len(words) == 1:
            build, words = builds[0], (builds[0].id, words[0])
        if build is None:
            known = ", ".join(_known_names(builds))
            raise UsageError(f"no build of {words[0]} is remembered", hint=f"there are {known}")
        numbered = tuple(enumerate(build.steps, 1))
        if len(words) < 2:
            return Answer(build, numbered, False)
        chosen = tuple(one for one in numbered if _is_meant(*one, words[1]))
        if not chosen:
            raise UsageError(
                f"neither a build nor a step of build {build.id} is called {words[1]!r}",
                hint="name a tag, a build as in `lithify why`, a step's number or part of it",
            )
        return Answer(build, chosen, True)

    def usage(self) -> survey.Survey:
        """What lies in the store and who needs it."""
        return survey.survey(self._store)

    def prune(self, policy: gc.Policy) -> gc.Freed:
        """Remove what nothing needs. Raises StoreInUse."""
        return gc.prune(self._store, policy)

    def prune_mounts(self, before: float | None) -> gc.Freed:
        """Remove cache mounts not used since `before`. Raises StoreInUse."""
        return gc.prune_mounts(self._store, before)

    def bound(self, most_bytes: int) -> gc.Freed | None:
        """Keep the store below a size, unless others use it."""
        return gc.bound(self._store, most_bytes)


def _find_build(builds: tuple[BuildRecord, ...], word: str) -> BuildRecord | None:
    """By a name of its image, its id, or the start of its digest."""
    try:
        name = str(parse_reference(word))
    except InvalidReference:
        name = ""
    for build in builds:
        if name in build.project.names:
            return build
    digits = word.removeprefix("sha256:")
    for build in builds:
        if word == build.id or (len(digits) >= 6 and build.digest[7:].startswith(digits)):
            return build
    return None


def _known_names(builds: tuple[BuildRecord, ...]) -> list[str]:
    names = dict.fromkeys(name for build in builds for name in (*build.project.names, build.id))
    return [name.removeprefix("docker.io/library/") for name in names][:_MOST_SUGGESTED]


def _is_meant(number: int, step: StepRecord, word: str) -> bool:
    if word.isdecimal():
        return number == int(word)
    return word.lower() in step.name.lower()
