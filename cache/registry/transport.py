"""Owns the wire: one HTTP request and its answer, over pooled connections, TLS and proxies.

The only importer of urllib3, so that everything above can be tested and replaced without it; what goes wrong comes out
as one type of error that says whether trying again may help. It refuses to retry, to follow redirects and to know
registries.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from lithify.cache.registry.settings import redacted
from lithify.errors import ConfigurationError, RegistryError, RegistryUnreachable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    import urllib3

    from lithify.cache.registry.settings import RegistrySettings

CHUNK_BYTES = 256 * 1024
_CONNECTIONS = 8
_USER_AGENT = "lithify"
_MOST_DISCARDED_BYTES = 64 * 1024


class Response(Protocol):
    """What is used of an answer."""

    status: int

    @property
    def headers(self) -> Mapping[str, str]: ...

    def read1(self, amt: int) -> bytes: ...

    def release_conn(self) -> None: ...

    def close(self) -> None: ...


class Transport:
    """Connections to any number of hosts; thread-safe. `check` raises when the work is to stop."""

    def __init__(self, settings: RegistrySettings, check: Callable[[], None]) -> None:
        self._settings = settings
        self._check = check
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str, bool], urllib3.PoolManager] = {}
        self._open: set[urllib3.BaseHTTPResponse] = set()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | BinaryIO | None = None,
        *,
        is_insecure: bool = False,
    ) -> Response:
        """One request; the caller reads and closes. Raises RegistryUnreachable, RegistryError."""
        import urllib3

        self._check()
        parts = urlsplit(url)
        pool = self._pool(parts.scheme, parts.netloc, is_insecure)
        try:
            answer = pool.urlopen(
                method,
                url,
                headers={"User-Agent": _USER_AGENT, **headers},
                body=body,
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise unreachable(error, parts.netloc, url) from error
        with self._lock:
            self._open.add(answer)
        return answer

    def read(self, answer: Response, url: str, most: int) -> bytes:
        """At most so many bytes of an answer, as soon as there are some; b"" at its end.

        Raises RegistryUnreachable."""
        import urllib3

        self._check()
        try:
            return answer.read1(most)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            self._check()
            raise unreachable(error, urlsplit(url).netloc, url) from error

    def read_whole(self, answer: Response, url: str, limit: int) -> bytes:
        """A small answer, cut at `limit` + 1 bytes; the answer is closed. Raises RegistryUnreachable."""
        pieces, left = [], limit + 1
        try:
            while left > 0 and (piece := self.read(answer, url, min(left, CHUNK_BYTES))):
                pieces.append(piece)
                left -= len(piece)
        finally:
            self.close_answer(answer, is_at_end=left > 0)
        return b"".join(pieces)

    def discard(self, answer: Response, url: str) -> None:
        """Be done with an answer whose text does not matter, and keep the connection if that is cheap."""
        with suppress(RegistryUnreachable):
            self.read_whole(answer, url, _MOST_DISCARDED_BYTES)

    def close_answer(self, answer: Response, *, is_at_end: bool) -> None:
        """Give the connection back, or cut it if something may still come."""
        with self._lock:
            self._open.discard(answer)
        if is_at_end:
            answer.release_conn()
        else:
            answer.close()

    def abort(self) -> None:
        """Wake everybody who waits for an answer; they notice that the work is to stop."""
        with self._lock:
            waiting = tuple(self._open)
        for answer in waiting:
            with suppress(OSError, RuntimeError, ValueError):  # it may just have ended by itself
                answer.shutdown()

    def close(self) -> None:
        """Close all connections; idempotent."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.clear()

    def _pool(self, scheme: str, host: str, is_insecure: bool) -> urllib3.PoolManager:
        with self._lock:
            key = (scheme, host, is_insecure)
            if key not in self._pools:
                self._pools[key] = self._make_pool(scheme, host, is_insecure)
            return self._pools[key]

    def _make_pool(self, scheme: str, host: str, is_insecure: bool) -> urllib3.PoolManager:
        import urllib3

        patience = self._settings.patience
        options: dict[str, Any] = {
            "maxsize": _CONNECTIONS,
            "timeout": urllib3.Timeout(connect=patience.connect_s, read=patience.read_s),
            "blocksize": CHUNK_BYTES,
        }
        if scheme == "https":
            options["ssl_context"] = self._tls(host, is_insecure)
        if proxy := self._settings.proxy(scheme, host):
            from urllib3.util import make_headers, parse_url

            auth = parse_url(proxy).auth
            headers = make_headers(proxy_basic_auth=auth) if auth else None
            return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
        return urllib3.PoolManager(**options)

    def _tls(self, host: str, is_insecure: bool) -> ssl.SSLContext:
        """The machine's authorities and those of certs.d; nothing is verified for an insecure registry."""
        import ssl

        context = ssl.create_default_context()
        if is_insecure:
            from urllib3 import disable_warnings
            from urllib3.exceptions import InsecureRequestWarning

            disable_warnings(InsecureRequestWarning)  # the user has asked for it
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            for folder in self._settings.certificate_folders(host):
                for path in sorted(folder.glob("*.crt")):
                    context.load_verify_locations(path)
                for path in sorted(folder.glob("*.cert")):
                    context.load_cert_chain(path, path.with_suffix(".key"))
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"certificates for {host}: {error}") from error
        return context


def unreachable(error: Exception, host: str, url: str) -> RegistryError:
    """The typed form of what urllib3 or the system raised."""
    from urllib3 import exceptions

    cause = error.original_error if isinstance(error, exceptions.ProxyError) else error
    via = " (through the proxy)" if cause is not error else ""
    match cause:
        case exceptions.SSLError():
            return _tls_failure(cause, host)
        case exceptions.NameResolutionError():
            return RegistryUnreachable(
                f"cannot resolve the name {host}{via}",
                hint="check the name, the network and DNS; `--offline` uses what is in the store",
            )
        case exceptions.ConnectTimeoutError() if not isinstance(
            cause, exceptions.NewConnectionError
        ):
            return RegistryUnreachable(f"no connection to {host}{via} in time", is_passing=True)
        case exceptions.NewConnectionError():
            reason = redacted(str(cause).rpartition("] ")[2] or "refused")
            return RegistryUnreachable(f"no connection to {host}{via}: {reason}")
        case exceptions.TimeoutError():
            return RegistryUnreachable(f"{host} does not answer{via}", is_passing=True)
        case exceptions.LocationValueError() | exceptions.URLSchemeUnknown() | ValueError():
            return RegistryError(f"{redacted(url)} is no usable URL")
    return RegistryUnreachable(
        f"{host} broke off the connection{via}",
        hint="the network or the registry failed",
        is_passing=True,
    )


def _tls_failure(error: Exception, host: str) -> RegistryUnreachable:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        reason = text.partition("verify failed: ")[2].partition(" (_ssl")[0] or "it is not trusted"
        return RegistryUnreachable(
            f"the certificate of {host} cannot be verified: {reason}",
            hint=f"put its authority into /etc/containers/certs.d/{host}/ca.crt, "
            "or set `insecure = true` in registries.conf",
        )
    is_plain = "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text or "HTTP_REQUEST" in text
    return RegistryUnreachable(
        f"{host} does not speak TLS" if is_plain else f"TLS with {host} failed",
        hint="for a registry without TLS set `insecure = true` in registries.conf",
        is_plain=is_plain,
    )
