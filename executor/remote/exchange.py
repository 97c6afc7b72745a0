"""Owns one question to an HTTP(S) server and its answer: connection, proxies, redirects, bounds.

Redirects are followed here and not by the library, which would send credentials along to whatever host is named and
cannot be stopped. It refuses other schemes, a fall from https to http unless the bytes' digest is known, and
answers that never end.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from lithify.errors import BuildError
from lithify.executor.remote.credentials import (
    basic,
    http_authorization,
    redacted,
    split_address,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http.client import HTTPResponse
    from urllib.parse import SplitResult

    from lithify.executor.access import Access

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_REFUSED = frozenset((401, 403))
_SCHEMES = ("http", "https")
#: All that may stand in a path and query unescaped, and the escape itself.
_PLAIN = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which address; `may_downgrade` allows redirects from https to http."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    may_downgrade: bool = False

    @property
    def shown(self) -> str:
        return redacted(self.url)


class Failure(Exception):
    """Why an exchange failed, in words that may be shown."""


@contextmanager
def asked(question: Question, access: Access) -> Iterator[HTTPResponse]:
    """The final answer to a question, open for reading while the block runs.

    Raises BuildError for a server that can't be reached, breaks off, is too slow, or redirects to where it must
    not; Cancelled. The status is the caller's to judge."""
    watch = _Watch()
    timer = threading.Timer(access.bounds.total_s, watch.expire)
    timer.daemon = True
    timer.start()
    try:
        with access.cancellation.calling(watch.abort):
            yield _follow(question, access, watch)
    except (OSError, HTTPException, ValueError, Failure) as error:
        access.cancellation.check()
        why = watch.why(access) or _why(error)
        raise BuildError(f"cannot download {question.shown}: {why}") from error
    finally:
        timer.cancel()
        watch.close()


def bad_status(question: Question, answer: HTTPResponse) -> BuildError:
    """The error for an answer that holds nothing of use."""
    host = urlsplit(question.url).hostname or ""
    return BuildError(
        f"cannot download {question.shown}: invalid response status {answer.status}",
        hint=f"--secret id=HTTP_AUTH_TOKEN_{host},... sends a token to that server"
        if answer.status in _REFUSED
        else "",
    )


class _Watch:
    """The connection under way, which another thread may have to cut."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: The connection forgets its socket as soon as an answer has taken it over.
        self._held: tuple[HTTPConnection, socket.socket] | None = None
        self._is_expired = False
        self._is_aborted = False

    def connect(self, connection: HTTPConnection) -> None:
        """Connect, and watch this connection from now on, in place of the last."""
        self.close()
        connection.connect()
        with self._lock:
            self._held = connection, connection.sock
            if self._is_aborted:
                raise Failure("stopped")

    def close(self) -> None:
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held[0].close()
            held[1].close()

    def expire(self) -> None:
        self._is_expired = True
        self.abort()

    def abort(self) -> None:
        with self._lock:
            self._is_aborted = True
            if self._held is not None:
                with suppress(OSError):
                    self._held[1].shutdown(socket.SHUT_RDWR)

    def why(self, access: Access) -> str:
        return f"it took longer than {access.bounds.total_s:g} s" if self._is_expired else ""


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server was silent for too long"
    if isinstance(error, HTTPException):
        # Some of these say no more than their name; none may repeat what the server sent unescaped.
        return f"the answer is not HTTP ({type(error).__name__})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return redacted(str(error)) or type(error).__name__


def _follow(question: Question, access: Access, watch: _Watch) -> HTTPResponse:
    url, is_trusted = question.url, True
    for _ in range(access.bounds.most_redirects + 1):
        parts = split_address(url)
        headers = dict(question.headers)
        authorization = http_authorization(parts, access) if is_trusted else ""
        if authorization:
            headers["Authorization"] = authorization
        answer = _ask(question.method, parts, headers, access, watch)
        where = answer.headers.get("Location", "")
        if answer.status not in _REDIRECTS or not where:
            return answer
        answer.close()
        url = _next(parts, where, question)
        is_trusted = is_trusted and url.startswith(f"{parts.scheme}:")
    raise Failure(f"it redirects more than {access.bounds.most_redirects} times")


def _next(parts: SplitResult, where: str, question: Question) -> str:
    url = urljoin(parts.geturl(), where)
    target = urlsplit(url)
    if target.scheme not in _SCHEMES:
        raise Failure(f"it redirects to {target.scheme or 'nowhere'}, which is not allowed")
    if (parts.scheme, target.scheme) == ("https", "http") and not question.may_downgrade:
        raise Failure("it redirects from https to http; give a --checksum to allow that")
    # A server must not make up users for others.
    return target._replace(netloc=target.netloc.rpartition("@")[2], fragment="").geturl()


def _ask(
    method: str, parts: SplitResult, headers: dict[str, str], access: Access, watch: _Watch
) -> HTTPResponse:
    if parts.scheme not in _SCHEMES:
        raise Failure(f"{parts.scheme} is neither http nor https")
    path = quote(parts.path or "/", safe=_PLAIN)
    target = f"{path}?{quote(parts.query, safe=_PLAIN)}" if parts.query else path
    proxy = _proxy(parts, access)
    if proxy is not None and parts.scheme == "http":
        target = f"http://{parts.netloc.rpartition('@')[2]}{target}"
        headers = {"Host": parts.netloc.rpartition("@")[2], **_proxy_headers(proxy), **headers}
    connection = _connection(parts, proxy, access.bounds.silence_s)
    watch.connect(connection)
    connection.request(method, target, headers={"User-Agent": "lithify", **headers})
    return connection.getresponse()


def _connection(parts: SplitResult, proxy: SplitResult | None, timeout_s: float) -> HTTPConnection:
    host = parts.hostname or ""
    near, port = (host, parts.port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
    if parts.scheme == "http":
        return HTTPConnection(near, port, timeout=timeout_s)
    context = ssl.create_default_context()
    connection = HTTPSConnection(near, port, timeout=timeout_s, context=context)
    if proxy is not None:
        connection.set_tunnel(host, parts.port or 443, _proxy_headers(proxy))
    return connection


def _proxy(parts: SplitResult, access: Access) -> SplitResult | None:
    """The proxy for an address; none is asked for this machine itself."""
    address = access.proxy(f"{parts.scheme}_proxy") or access.proxy("all_proxy")
    if not address or _is_loopback(parts.hostname or ""):
        return None
    host, exceptions = parts.hostname or "", access.proxy("no_proxy").split(",")
    if any(_excepts(one.strip().lower(), host, parts.port) for one in exceptions):
        return None
    proxy = split_address(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http":
        raise Failure(f"a proxy is spoken to over http only, not {proxy.scheme}")
    return proxy


def _excepts(exception: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY covers a host: all, a domain with what is below, an address, a network."""
    if exception == "*":
        return True
    name, colon, number = exception.rpartition(":")
    if colon and number.isdigit() and "]" not in number and ":" not in name:
        if int(number) != port:
            return False
        exception = name
    name = exception.removeprefix("*").removeprefix(".")
    if name and (host == name or host.endswith(f".{name}")):
        return True
    try:
        return ip_address(host) in ip_network(exception, strict=False)
    except ValueError:
        return False


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user = basic(unquote(proxy.username), unquote(proxy.password or ""))
    return {"Proxy-Authorization": user}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
