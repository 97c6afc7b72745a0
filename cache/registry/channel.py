"""Owns one conversation with a registry: scheme, authentication, redirects, and trying again.

All requests of the client pass here, so that patience is counted once: an operation gets so many attempts without
progress, whatever fails in it. Authorization never follows a redirect to another host, and TLS is never left on the
way. It refuses to know what the requests are about.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin, urlsplit

from lithify.cache.registry.failures import pause_asked, refusal
from lithify.cache.registry.settings import redacted
from lithify.errors import RegistryError, RegistryUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.cache.registry.authentication import Authenticator
    from lithify.cache.registry.locations import Location
    from lithify.cache.registry.settings import Patience
    from lithify.cache.registry.transport import Response, Transport

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_RETRIED = (408, 429, 500, 502, 503, 504)
_MOST_ERROR_BYTES = 64 * 1024
_DOCKER_HUB = ("docker.io", "registry-1.docker.io")


class Attempts:
    """The patience left for one operation."""

    def __init__(self, patience: Patience, pause: Callable[[float], None]) -> None:
        self._patience = patience
        self._pause = pause
        self._failed = 0

    def failed(self, error: RegistryError) -> None:
        """Wait before another attempt.

        Raises the error if trying again is of no use, was done enough, or would take too long."""
        self._failed += 1
        asked_s = error.pause_s
        pause_s = self._patience.first_pause_s * 2 ** (self._failed - 1)
        if asked_s is not None:
            pause_s = max(asked_s, pause_s if asked_s else 0.0)
        is_enough = self._failed >= self._patience.attempts
        if not may_pass(error) or is_enough or pause_s > self._patience.longest_pause_s:
            raise error
        self._pause(pause_s)

    def progressed(self) -> None:
        """Something was achieved: count anew."""
        self._failed = 0


def may_pass(error: RegistryError) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, RegistryUnreachable):
        return error.is_passing
    return error.status in _RETRIED


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `body` is opened for each attempt anew; `what` names it in errors."""

    what: str
    method: str
    path: str
    scopes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], BinaryIO] | bytes | None = None
    hoped: tuple[int, ...] = (200,)


class Channel:
    """Requests to the host of a location; thread-safe."""

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        patience: Patience,
        location: Location,
        pause: Callable[[float], None],
    ) -> None:
        self.transport = transport
        self.location = location
        self._authenticator = authenticator
        self.patience = patience
        self._pause = pause
        self._lock = threading.Lock()
        self._base = ""

    def attempts(self) -> Attempts:
        """Patience for one operation."""
        return Attempts(self.patience, self._pause)

    def ask(self, ask: Ask, attempts: Attempts | None = None) -> tuple[Response, str]:
        """The answer with a hoped-for status, and the URL it came from; the caller closes it.

        Raises RegistryError and its kinds."""
        attempts = attempts or self.attempts()
        while True:
            try:
                return self.ask_once(ask)
            except RegistryError as error:
                attempts.failed(error)

    def ask_once(self, ask: Ask) -> tuple[Response, str]:
        """As `ask`, but one attempt only."""
        answer, url = self._follow(ask, ask.path if "://" in ask.path else self.base() + ask.path)
        if answer.status in ask.hoped:
            return answer, url
        error = self._refusal(ask, answer, url)
        error.pause_s = pause_asked(answer.headers, time.time())
        raise error

    def ask_document(self, ask: Ask, limit: int) -> tuple[bytes, Response]:
        """A small answer whole, trying again if it breaks off. Raises RegistryError."""
        attempts = self.attempts()
        while True:
            answer, url = self.ask(ask, attempts)
            try:
                raw = self.transport.read_whole(answer, url, limit)
            except RegistryUnreachable as error:
                attempts.failed(error)
                continue
            if len(raw) > limit:
                raise RegistryError(f"{ask.what}: the answer is larger than {limit} bytes")
            return raw, answer

    def base(self) -> str:
        """`https://HOST`, or http where that is acceptable and TLS is not spoken."""
        with self._lock:
            if not self._base:
                self._base = self._find_base()
            return self._base

    def _find_base(self) -> str:
        host = self.location.host
        host = _DOCKER_HUB[1] if host == _DOCKER_HUB[0] else host
        if not self.location.may_be_plain:
            return f"https://{host}"
        url = f"https://{host}/v2/"
        try:
            answer = self.transport.send("GET", url, {}, is_insecure=self.location.is_insecure)
        except RegistryUnreachable as error:
            has_port = host.rpartition(":")[2].isdigit()
            if error.is_plain or error.is_passing or not has_port:
                return f"http://{host}"
            raise
        self.transport.discard(answer, url)
        return f"https://{host}"

    def _follow(self, ask: Ask, url: str) -> tuple[Response, str]:
        """One attempt, with as many requests as authentication and redirects need."""
        home = urlsplit(self.base())[:2]
        was_answered = False
        for _ in range(_MOST_REDIRECTS + 1):
            is_home = urlsplit(url)[:2] == home
            headers = dict(ask.headers)
            if is_home:
                headers |= self._authenticator.header(self.location, ask.scopes)
            answer = self._send(ask, url, headers)
            if answer.status == 401 and is_home and not was_answered:
                was_answered = True
                asked = answer.headers.get("WWW-Authenticate", "")
                tried = headers.get("Authorization", "")
                if asked and self._authenticator.answer(
                    self.location, ask.scopes, asked, tried=tried
                ):
                    self.transport.discard(answer, url)
                    headers |= self._authenticator.header(self.location, ask.scopes)
                    answer = self._send(ask, url, headers)
            if answer.status not in _REDIRECTS or ask.method not in ("GET", "HEAD"):
                return answer, url
            self.transport.discard(answer, url)
            url = self._redirected(ask, url, answer.headers.get("Location", ""))
        raise RegistryError(f"{ask.what}: {self.location.host} redirects without end")

    def _send(self, ask: Ask, url: str, headers: Mapping[str, str]) -> Response:
        def send(body: bytes | BinaryIO | None) -> Response:
            is_insecure = self.location.is_insecure
            return self.transport.send(ask.method, url, headers, body, is_insecure=is_insecure)

        if ask.body is None or isinstance(ask.body, bytes):
            return send(ask.body)
        with ask.body() as stream:
            return send(stream)

    def _redirected(self, ask: Ask, url: str, target: str) -> str:
        found = urljoin(url, target)
        scheme = urlsplit(found).scheme
        is_allowed = scheme == "https" or (scheme == "http" and self.location.may_be_plain)
        if not target or not is_allowed:
            raise RegistryError(
                f"{ask.what}: {self.location.host} redirects to {redacted(found)[:200]!r}, "
                "which is not protected by TLS"
            )
        return found

    def _refusal(self, ask: Ask, answer: Response, url: str) -> RegistryError:
        try:
            raw = self.transport.read_whole(answer, url, _MOST_ERROR_BYTES)
        except RegistryUnreachable:
            raw = b""
        host = urlsplit(url).netloc if urlsplit(url)[:2] != urlsplit(self.base())[:2] else ""
        return refusal(ask.what, host or self.location.host, answer.status, raw)
