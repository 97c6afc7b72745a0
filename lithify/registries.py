"""Owns what engine and session ask of registries: base images, pulling, pushing, logging in, with events told.

It joins the registry client, which knows no events and no cancellation, to those who have them; everything is made when
it is first needed, for most builds ask no registry. It refuses to build and to export.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from lithify.cache.resolver import PULL_POLICIES, StoreResolver
from lithify.errors import ImageNotFound, UsageError
from lithify.executor import events
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lithify.cache.oci import Descriptor
    from lithify.cache.platform import Platform
    from lithify.cache.reference import Reference
    from lithify.cache.registry.access import Registries
    from lithify.cache.registry.fetching import BlobFetcher
    from lithify.cache.registry.pull import RemoteImages
    from lithify.cache.registry.push import Pushed
    from lithify.cache.registry.settings import Patience
    from lithify.cache.store import Store
    from lithify.errors import Secret
    from lithify.executor.cancel import Cancellation
    from lithify.executor.export.layout import Content

#: Seconds between two tellings of a transfer.
_EVERY_S = 0.2


@dataclass(slots=True)
class _Transfer:
    started: float
    total: int
    done: int = 0
    told: float = 0.0


class EventReporter:
    """Tells transfers as phases; thread-safe."""

    def __init__(self, emit: Callable[[events.Event], None]) -> None:
        self._emit = emit
        self._lock = threading.Lock()
        self._transfers: dict[str, _Transfer] = {}

    def start(self, what: str, total_bytes: int) -> Callable[[int], None]:
        """A transfer starts; what is returned takes the bytes that went through."""
        transfer = _Transfer(time.monotonic(), total_bytes)
        with self._lock:
            self._transfers[what] = transfer
        self._emit(events.PhaseStarted(what))

        def count(number: int) -> None:
            with self._lock:
                transfer.done += number
                now = time.monotonic()
                is_due = now - transfer.told >= _EVERY_S
                if is_due:
                    transfer.told = now
                done = transfer.done
            if is_due:
                self._emit(events.PhaseProgress(what, done, transfer.total))

        return count

    def end(self, what: str) -> None:
        """It is over, well or not."""
        with self._lock:
            transfer = self._transfers.pop(what)
        seconds = time.monotonic() - transfer.started
        self._emit(events.PhaseProgress(what, transfer.done, transfer.total))
        self._emit(events.PhaseFinished(what, seconds))


class RegistryAccess:
    """The registries for one piece of work; a context manager. `environment` names settings and credentials."""

    def __init__(
        self,
        store: Store,
        environment: Mapping[str, str],
        cancellation: Cancellation,
        emit: Callable[[events.Event], None],
        patience: Patience | None = None,
    ) -> None:
        self._store = store
        self._environment = environment
        self._cancellation = cancellation
        self._reporter = EventReporter(emit)
        self._patience = patience
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._registries: Registries | None = None
        self._fetcher: BlobFetcher | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop fetching and close all connections; idempotent."""
        self._store.blobs.fetch = self._store.blobs.compressed = None
        self._stack.close()

    def registries(self) -> Registries:
        """The client, made when first asked for."""
        from lithify.cache.registry.access import Registries
        from lithify.cache.registry.settings import Patience, RegistrySettings

        with self._lock:
            if self._registries is None:
                settings = RegistrySettings(self._environment, self._patience or Patience())
                made = Registries(settings, self._cancellation.check)
                self._stack.callback(made.close)
                self._stack.enter_context(self._cancellation.calling(made.abort))
                self._registries = made
            return self._registries

    def images(self) -> RemoteImages:
        """The images of registries over the store, whose missing blobs are fetched from now on."""
        from lithify.cache.registry.pull import RemoteImages

        return RemoteImages(self._store, self.registries(), self.fetcher())

    def fetcher(self) -> BlobFetcher:
        """Who gets the store's missing blobs from now on, as far as they are offered."""
        from lithify.cache.registry.fetching import BlobFetcher

        with self._lock:
            if self._fetcher is None:
                self._fetcher = BlobFetcher(self._store, self._reporter)
                self._stack.callback(self._fetcher.close)
                self._store.blobs.fetch = self._fetcher.fetch
                self._store.blobs.compressed = self._fetcher.compressed
            return self._fetcher

    def resolver(self, policy: str) -> StoreResolver:
        """The way from names to base images. Raises UsageError for an unknown policy."""
        if policy not in PULL_POLICIES:
            known = ", ".join(PULL_POLICIES)
            raise UsageError(f"unknown pull policy {policy!r}", hint=f"one of {known}")
        return StoreResolver(self._store, self.images, policy)

    def complete(self, layers: Iterable[Descriptor]) -> None:
        """Fetch those of a base image's layers that are still missing. Raises RegistryError, ContentError."""
        if self._fetcher is not None:
            self._fetcher.complete(layers)

    def pull(
        self, name: str, platforms: tuple[Platform, ...] | None
    ) -> tuple[Reference, Descriptor]:
        """Fetch an image for some platforms or all, and name it. Raises RegistryError, ContentError, ..."""
        images = self.images()
        found = images.find(name)
        descriptor = images.pull(found, platforms)
        self._store.images.add(descriptor, (str(found.reference),))
        return found.reference, descriptor

    def login(self, registry: str, ask: Callable[[str], tuple[str, Secret]]) -> str:
        """Check what `ask` answers and keep it; the file it is in, '' for a helper. Raises Unauthorized, ..."""
        from lithify.cache.registry.credentials import Credentials, canonical_host

        host = canonical_host(registry or "docker.io")
        known = self.registries().credentials(host)
        user, password = ask(known.username if known else "")
        return str(self.registries().login(host, Credentials(user, password)) or "")

    def logout(self, registry: str) -> bool:
        """Forget credentials; False if there were none. Raises ConfigurationError."""
        from lithify.cache.registry.credentials import canonical_host

        return self.registries().logout(canonical_host(registry or "docker.io"))

    def push_stored(self, name: str, platform: Platform | None, compression: str) -> str:
        """Push an image of the store under its own name; its digest there.

        Raises ImageNotFound, RegistryError, ContentError, UsageError."""
        from lithify.cache.reference import parse_reference
        from lithify.executor.export.registry import as_pushed

        content = self._content(name, platform, compression, is_whole=True)
        return self.push(as_pushed(content), (parse_reference(name),))

    def _content(
        self, name: str, platform: Platform | None, compression: str, *, is_whole: bool
    ) -> Content:
        from lithify.executor.export.options import read_image_options
        from lithify.executor.export.stored import stored_content

        found = self._store.images.get(name)
        if found is None:
            raise ImageNotFound(
                f"no such image: {name}", hint="`lithify images` lists what is there"
            )
        options = read_image_options({"compression": compression}, ())
        return stored_content(
            self._store, found, options, platform=platform, is_whole=is_whole, is_attested=True
        )

    def push(
        self, image: Pushed, references: tuple[Reference, ...], *, by_digest: bool = False
    ) -> str:
        """Push an image under all names; its digest there. Raises RegistryError, ContentError, UsageError."""
        from lithify.cache.registry.push import push

        return push(
            self._store, self.registries(), image, references, self._reporter, by_digest=by_digest
        )


def wanted_platforms(texts: Sequence[str]) -> tuple[Platform, ...]:
    """Platforms as written; this machine's if there are none. Raises UsageError."""
    import os

    from lithify.cache.platform import host_platform, parse_platform

    host = host_platform(os.uname().machine)
    try:
        return tuple(parse_platform(text, host) for text in texts) or (host,)
    except ValueError as error:
        raise UsageError(f"failed to parse platform: {error}") from error
