"""Owns how a registry is convinced: challenges, basic authentication, bearer tokens.

Tokens are asked for once per registry and set of rights, and remembered while they are valid (Docker registry v2 token
authentication; OAuth2 for identity tokens). A password goes only where TLS protects it, or where the user has allowed
plain http. It refuses to store anything.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from lithify.cache.registry.failures import refusal
from lithify.errors import RegistryError, Secret, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.registry.credentials import Credentials, CredentialStore
    from lithify.cache.registry.locations import Location
    from lithify.cache.registry.transport import Transport

_MOST_BYTES = 1024 * 1024
_DEFAULT_LIFE_S = 60.0
#: A token is renewed so long before its end.
_MARGIN_S = 10.0
_CLIENT_ID = "lithify"
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?=[A-Za-z]|,|$)")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """One of WWW-Authenticate (RFC 9110, section 11.6.1); the scheme in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(text: str) -> tuple[Challenge, ...]:
    """All challenges of a header, as far as it makes sense."""
    found = []
    at = 0
    while match := _SCHEME.match(text, at):
        at = match.end()
        parameters: dict[str, str] = {}
        while pair := _PARAMETER.match(text, at):
            quoted = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
            parameters.setdefault(pair[1].lower(), quoted)
            at = pair.end()
        found.append(Challenge(match[1].lower(), parameters))
        comma = re.compile(r"\s*,").match(text, at)
        if comma is None:
            break
        at = comma.end()
    return tuple(found)


class Authenticator:
    """Headers for requests; thread-safe."""

    def __init__(self, transport: Transport, credentials: CredentialStore) -> None:
        self._transport = transport
        self._credentials = credentials
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Secret, float]] = {}

    def header(self, location: Location, scopes: tuple[str, ...]) -> dict[str, str]:
        """What was found to work before; empty if nothing was."""
        with self._lock:
            value, until = self._known.get((location.host, scopes), (Secret(""), 0.0))
        return {"Authorization": str(value)} if value and until > time.monotonic() else {}

    def answer(
        self,
        location: Location,
        scopes: tuple[str, ...],
        asked: str,
        *,
        tried: str = "",
        given: Credentials | None = None,
    ) -> bool:
        """Find what satisfies a challenge, with the stored credentials unless some are `given`.

        `tried` is the header that was not accepted. False if there is nothing else to try. Raises
        RegistryError, ConfigurationError."""
        with self._asking:
            known = self.header(location, scopes).get("Authorization", "")
            if given is None and known and known != tried:
                return True  # another thread was faster
            return self._find(location, scopes, asked, tried, given)

    def _find(
        self,
        location: Location,
        scopes: tuple[str, ...],
        asked: str,
        tried: str,
        given: Credentials | None,
    ) -> bool:
        if given is None:
            given = self._credentials.get(location.host, location.repository)
        offered = {one.scheme: one.parameters for one in reversed(parse_challenges(asked))}
        if given is not None and given.registry_token:
            value, life_s = f"Bearer {given.registry_token!s}", float("inf")
        elif "bearer" in offered:
            value, life_s = self._token(location, scopes, offered["bearer"], given)
        elif "basic" in offered and given is not None and given.username:
            value, life_s = given.basic, float("inf")
        else:
            return False
        with self._lock:
            until = time.monotonic() + life_s
            self._known[location.host, scopes] = Secret(value), until
        return value != tried

    def _token(
        self,
        location: Location,
        scopes: tuple[str, ...],
        parameters: Mapping[str, str],
        given: Credentials | None,
    ) -> tuple[str, float]:
        realm = parameters.get("realm", "")
        parts = urlsplit(realm)
        if parts.scheme not in ("https", "http") or not parts.netloc or "@" in parts.netloc:
            raise RegistryError(f"{location.host} names no usable place to get a token")
        if parts.scheme == "http" and not location.may_be_plain:
            raise RegistryError(
                f"{location.host} wants credentials sent without TLS to {parts.netloc}",
                hint="set `insecure = true` for it in registries.conf if that is meant",
            )
        wanted = tuple(dict.fromkeys((*parameters.get("scope", "").split(), *scopes)))
        fields = [("scope", " ".join(_merged(wanted)))] if wanted else []
        if service := parameters.get("service"):
            fields.insert(0, ("service", service))
        answer = self._ask(location, realm, fields, given)
        token = str(answer.get("token") or answer.get("access_token") or "")
        if not token:
            raise RegistryError(f"{parts.netloc} gave no token")
        life = answer.get("expires_in")
        life_s = float(life) if isinstance(life, int) and 0 < life < 1 << 31 else _DEFAULT_LIFE_S
        return f"Bearer {token}", max(life_s - _MARGIN_S, life_s / 2)

    def _ask(
        self,
        location: Location,
        realm: str,
        fields: list[tuple[str, str]],
        given: Credentials | None,
    ) -> dict[str, object]:
        headers = {}
        body = None
        method, url = "GET", realm
        if given is not None and given.identity_token:
            fields = [
                *fields,
                ("grant_type", "refresh_token"),
                ("refresh_token", str(given.identity_token)),
                ("client_id", _CLIENT_ID),
            ]
            method, body = "POST", urlencode(fields).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            # Several scopes come as one parameter each.
            split = [(key, one) for key, text in fields for one in _split(key, text)]
            if given is not None and given.username:
                headers["Authorization"] = given.basic
                split.append(("account", given.username))
            url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(split)}" if split else realm
        response = self._transport.send(
            method, url, headers, body, is_insecure=location.is_insecure
        )
        raw = self._transport.read_whole(response, url, _MOST_BYTES)
        if response.status != 200:
            raise refusal("getting a token", location.host, response.status, raw[:_MOST_BYTES])
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise Unauthorized(f"{urlsplit(realm).netloc} gave no token", status=200)
        return value


def _split(key: str, text: str) -> list[str]:
    return text.split() if key == "scope" else [text]


def _merged(scopes: tuple[str, ...]) -> list[str]:
    """One scope per resource, with all its actions."""
    actions: dict[str, list[str]] = {}
    for scope in scopes:
        resource, _, wanted = scope.rpartition(":")
        have = actions.setdefault(resource, [])
        have += [one for one in wanted.split(",") if one and one not in have]
    return [f"{resource}:{','.join(wanted)}" if resource else wanted[0]
            for resource, wanted in actions.items()]  # fmt: skip
