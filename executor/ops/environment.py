"""Owns the environment of a RUN: what the plan says, HOME, proxies, and what helps reproducibility.

The order of variables is part of what a process sees, so it is fixed here. It refuses the host's environment:
nothing of it enters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Part of every RUN's key; a change of what is set here must change it.
ENVIRONMENT_FORM = "environment/1"
#: Orders that programs would otherwise take from their surroundings; in no image config.
REPRODUCIBLE = (("PYTHONHASHSEED", "0"), ("PERL_HASH_SEED", "0"))


def process_environment(
    env: Iterable[tuple[str, str]],
    *,
    home: str,
    epoch_s: int,
    faithful: bool,
    proxies: Iterable[tuple[str, str]] = (),
    secrets: Iterable[tuple[str, str]] = (),
) -> tuple[tuple[str, str], ...]:
    """The variables of a process, each name once; secrets win, then the plan's own."""
    merged = dict(env)
    merged.setdefault("HOME", home)
    if not faithful:
        for name, value in (("SOURCE_DATE_EPOCH", str(epoch_s)), *REPRODUCIBLE):
            merged.setdefault(name, value)
    for name, value in proxies:
        merged[name] = value
    for name, value in secrets:
        merged[name] = value
    return tuple(merged.items())
