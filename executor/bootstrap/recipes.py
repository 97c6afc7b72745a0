"""Owns the table of base images that can be made here: the argument of `lithify bootstrap`, read and dispatched.

It exists so that the doors and the facade need not know the recipes. It refuses names it has no recipe for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.errors import UsageError, closest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lithify.executor.bootstrap.image import BootstrapImage, OnNote

RECIPES = ("busybox", "debian")


def bootstrap(
    what: str, work: Path, on_note: OnNote, *, environment: Mapping[str, str] | None = None
) -> BootstrapImage:
    """Make `busybox` or `debian[:SUITE]` in the existing folder `work`.

    Raises UsageError for another name, BuildError, ContentError."""
    name, _, suite = what.partition(":")
    if name == "busybox" and not suite:
        from lithify.executor.bootstrap.busybox import bootstrap_busybox

        return bootstrap_busybox(work, on_note, environment=environment)
    if name == "debian":
        from lithify.executor.bootstrap.debian import bootstrap_debian

        return bootstrap_debian(suite, work, on_note, environment=environment)
    guess = closest(name, RECIPES)
    raise UsageError(
        f"no recipe for the base image {what!r}" + (f" (did you mean {guess}?)" if guess else ""),
        hint="there are: busybox, debian, debian:SUITE",
    )
