"""Owns the shared caches of one build: which are read, which are written, and what is said about those that fail.

A cache that can't be read is worth a warning and no more, for a build can do without. One that can't be written fails the
build unless `ignore-error` says otherwise, as with buildx. It refuses to know formats and steps.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lithify.cache.reference import parse_reference
from lithify.errors import (
    Cancelled,
    ImageNotFound,
    LithifyError,
    RegistryNotFound,
    UsageError,
)
from lithify.executor import events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.shared.places import CacheSource, CacheTarget
    from lithify.cache.shared.reading import ReadCache
    from lithify.cache.shared.records import SharedRecords
    from lithify.compiler.plan import Plan
    from lithify.executor.publishing import CachePublisher, Publication
    from lithify.executor.services import Services
    from lithify.requests import BuildRequest, CacheSpec
    from lithify.surroundings import Surroundings

DEFAULT_TAG = "latest"
_READERS = 4
_OWN_OPTIONS = ("dest", "tag", "ref", "mode", "ignore-error", "image-manifest", "oci-mediatypes")


class Sharing:
    """What `--cache-from` and `--cache-to` ask for; a context manager."""

    def __init__(self, request: BuildRequest, around: Surroundings) -> None:
        self._request = request
        self._around = around
        self._stack = ExitStack()
        self.is_inline = any(one.type == "inline" for one in request.cache_to)
        self.records = self._records()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def publisher(self, plan: Plan, services: Services) -> CachePublisher | None:
        """Who publishes the build; None if nobody is to. Raises UsageError, InvalidReference."""
        if not self._request.cache_to:
            return None
        from lithify.executor.publishing import CachePublisher

        wanted = [one for one in self._request.cache_to if one.type != "inline"]
        publications = [self._publication(one) for one in wanted]
        made = CachePublisher(plan, services, publications, self._around.emit)
        return self._stack.enter_context(made)

    # -- reading ---------------------------------------------------------------------------------

    def _records(self) -> SharedRecords | None:
        if not self._request.cache_from:
            return None
        from lithify.cache.shared.records import SharedRecords

        sources = [self._source(one) for one in self._request.cache_from]
        registries = self._around.registries
        return SharedRecords(self._around.store, lambda: self._read(sources), registries.fetcher)

    def _source(self, spec: CacheSpec) -> CacheSource:
        from lithify.cache.shared.places import LayoutCache, RegistryCache

        options = dict(spec.options)
        if spec.type == "registry":
            reference = parse_reference(options["ref"])
            return RegistryCache(reference, self._around.registries.registries, self._around.store)
        selector = options.get("digest") or options.get("tag") or DEFAULT_TAG
        made = LayoutCache(Path(options["src"]), selector)
        self._stack.callback(made.close)
        return made

    def _read(self, sources: Sequence[CacheSource]) -> list[ReadCache]:
        """The caches that can be read, all at once; what is wrong with the others is told."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_READERS, "cache") as pool:
            return [one for found in pool.map(self._read_one, sources) for one in found]

    def _read_one(self, source: CacheSource) -> tuple[ReadCache, ...]:
        from lithify.cache.shared.reading import read_cache

        started = time.monotonic()
        phase = f"reading the cache {source.name}"
        try:
            found = read_cache(source)
            self._around.emit(events.PhaseStarted(phase))
            said = f"{sum(len(one.document.steps) for one in found)} steps"
            self._around.emit(events.PhaseFinished(phase, time.monotonic() - started, said))
            return found
        except Cancelled:
            raise
        except (RegistryNotFound, ImageNotFound):
            self._around.emit(events.Notice(f"there is no cache at {source.name} yet"))
        except LithifyError as error:
            hint = f"; {error.hint}" if error.hint else ""
            said = f"the cache {source.name} is not used: {error.message}{hint}"
            self._around.emit(events.Warned("CacheNotUsable", said))
        return ()

    # -- writing ---------------------------------------------------------------------------------

    def _publication(self, spec: CacheSpec) -> Publication:
        from lithify.executor.export.options import read_image_options, take_boolean
        from lithify.executor.publishing import Publication

        options = dict(spec.options)
        ignores = take_boolean({**options}, "ignore-error", False)
        rest = {name: text for name, text in options.items() if name not in _OWN_OPTIONS}
        image = read_image_options(rest, ())
        is_max = options.get("mode", "min") == "max"
        return Publication(self._target(spec.type, options), is_max, image, ignores)

    def _target(self, kind: str, options: dict[str, str]) -> CacheTarget:
        from lithify.cache.shared.places import LayoutCacheTarget, RegistryCache

        store = self._around.store
        if kind == "local":
            tag = options.get("tag") or DEFAULT_TAG
            return LayoutCacheTarget(Path(options["dest"]), tag, store)
        reference = parse_reference(options["ref"])
        if reference.digest:
            raise UsageError(f"--cache-to: {reference.familiar} has a digest", hint="name a tag")
        return RegistryCache(reference, self._around.registries.registries, store)
