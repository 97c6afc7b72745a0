"""Owns the way to registries as a whole: configuration, credentials and connections, wired once.

One value of this kind serves one piece of work and is closed with it; nothing is read or opened before it is needed. It
refuses to know images.
"""

from __future__ import annotations

import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Self

from lithify.cache.registry.authentication import Authenticator
from lithify.cache.registry.channel import Channel
from lithify.cache.registry.credentials import CredentialStore
from lithify.cache.registry.failures import refusal
from lithify.cache.registry.locations import Location, read_locations
from lithify.cache.registry.repository import Repository
from lithify.cache.registry.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.cache.reference import Reference
    from lithify.cache.registry.credentials import Credentials
    from lithify.cache.registry.locations import Locations
    from lithify.cache.registry.settings import RegistrySettings

_SLICE_S = 0.1


class Registries:
    """All registries, as these settings see them; thread-safe. `check` raises when the work is to stop."""

    def __init__(
        self, settings: RegistrySettings, check: Callable[[], None] = lambda: None
    ) -> None:
        self._settings = settings
        self._check = check
        self._transport = Transport(settings, check)
        self._credentials = CredentialStore(settings)
        self._authenticator = Authenticator(self._transport, self._credentials)
        self._lock = threading.Lock()
        self._known: dict[Location, Repository] = {}

    @cached_property
    def locations(self) -> Locations:
        """What registries.conf says. Raises ConfigurationError."""
        return read_locations(self._settings)

    def repositories(self, reference: Reference, *, push: bool = False) -> tuple[Repository, ...]:
        """Where an image may be, to be tried in order. Raises RegistryBlocked, ConfigurationError."""
        return tuple(self._repository(one) for one in self.locations.of(reference, push=push))

    def _repository(self, location: Location) -> Repository:
        with self._lock:
            if location not in self._known:
                self._known[location] = Repository(self._channel(location))
            return self._known[location]

    def _channel(self, location: Location) -> Channel:
        patience = self._settings.patience
        return Channel(self._transport, self._authenticator, patience, location, self._pause)

    def login(self, host: str, credentials: Credentials) -> Path | None:
        """Check credentials with a registry and keep them; the file they are in, None for a helper.

        Raises Unauthorized, RegistryError, ConfigurationError."""
        channel = self._channel(self.locations.host(host))
        url = f"{channel.base()}/v2/"
        insecure = channel.location.is_insecure
        answer = self._transport.send("GET", url, {}, is_insecure=insecure)
        self._transport.discard(answer, url)
        asked = answer.headers.get("WWW-Authenticate", "")
        if answer.status == 401 and asked:
            self._authenticator.answer(channel.location, (), asked, given=credentials)
            headers = self._authenticator.header(channel.location, ())
            answer = self._transport.send("GET", url, headers, is_insecure=insecure)
            self._transport.discard(answer, url)
        if answer.status != 200:
            raise refusal("logging in", host, answer.status)
        return self._credentials.keep(host, credentials)

    def logout(self, host: str) -> bool:
        """Forget the credentials of a registry; False if there were none. Raises ConfigurationError."""
        return self._credentials.forget(host)

    def credentials(self, host: str) -> Credentials | None:
        """What is known for a registry. Raises ConfigurationError, RegistryError (a helper)."""
        return self._credentials.get(host)

    def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the work goes on."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._check()
            time.sleep(min(left, _SLICE_S))

    def abort(self) -> None:
        """Wake all who wait for an answer, from any thread; they notice that the work is to stop."""
        self._transport.abort()

    def close(self) -> None:
        """Close all connections; idempotent."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
