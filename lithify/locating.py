"""Owns the way from two different images back to the steps where they began to differ.

The last layer that differs is rarely the one to mend. Both stores remember the layer of every step, so a step whose layer
differs while all it stands on is the same is an origin, in whatever stage. It refuses to build anything.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lithify.api import Engine
from lithify.cache.digest import CacheKey
from lithify.cache.store import Store
from lithify.comparing import layer_source
from lithify.executor.compare.causes import cause_of
from lithify.executor.compare.images import compare_layers
from lithify.proof import Explained, Origin
from lithify.requests import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lithify.cache.ports import Layer
    from lithify.executor.compare.model import Comparison
    from lithify.requests import BuildRequest


class Located(NamedTuple):
    """Where two builds part. `later` steps differ and stand on something that does."""

    origins: tuple[Origin, ...]
    later: int


class _Made(NamedTuple):
    """A step as one of the builds remembers it; without a layer it is a base image, or unknown."""

    name: str
    line: int
    inputs: tuple[int, ...]
    layer: Layer | None


def locate(
    builds: Sequence[tuple[str, BuildRequest]],
    environment: Mapping[str, str],
    check: Callable[[], None],
) -> Located:
    """The origins of the difference between two builds, each a store's root and what was built there.

    Raises LithifyError."""
    with ExitStack() as stack:
        stores = [
            stack.enter_context(Store.open(Path(root), clock=time.time)) for root, _ in builds
        ]
        pairs = zip(stores, builds, strict=True)
        one, other = (_steps(store, build, environment) for store, build in pairs)
        origins: list[Origin] = []
        differing: set[int] = set()
        for index, (left, right) in enumerate(zip(one, other, strict=False)):
            if left.layer is None or right.layer is None:
                continue
            if left.layer.diff_id == right.layer.diff_id:
                continue
            if not differing.intersection(left.inputs):
                before = layer_source(stores[0], left.layer, left.name)
                after = layer_source(stores[1], right.layer, right.name)
                found = compare_layers(before, after, check)
                origins.append(explained(found, left.name, left.line))
            differing.add(index)
    return Located(tuple(origins), len(differing) - len(origins))


def explained(comparison: Comparison, step: str = "", line: int = 0) -> Origin:
    """A comparison with the likely cause of each difference."""
    differences = []
    for one in comparison.differences:
        cause = cause_of(one)
        differences.append(Explained(one, cause.name, cause.advice))
    return Origin(step, line, tuple(differences), comparison.omitted)


def _steps(
    store: Store, build: tuple[str, BuildRequest], environment: Mapping[str, str]
) -> list[_Made]:
    """The steps of a build in plan order, with the layers that its store remembers for their keys."""
    root, request = build
    request = replace(request, no_cache=False, no_cache_filter=())
    with Engine(EngineOptions(root, environment=environment)) as engine:
        plan: dict[str, Any] = json.loads(engine.plan(request, "json"))
    return [_made(store, step) for step in plan["steps"]]


def _made(store: Store, step: dict[str, Any]) -> _Made:
    is_base = step["operation"]["kind"] == "ImageOp"
    record = store.records.get(CacheKey(step["key"])) if step["key"] and not is_base else None
    layer = None if record is None else record.layer
    return _Made(step["name"], step["line"], tuple(step["inputs"]), layer)
