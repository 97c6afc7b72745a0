"""Owns downloads of ADD: one HTTP(S) address into one file, verified.

Only http and https are spoken, whatever a redirect says; a connection may be neither silent for long nor redirect
for ever, and a download never falls back from https to http unless its checksum is known. It refuses to name files:
an address's own name is only what a destination directory needs.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING, BinaryIO
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from lithify.errors import BuildError

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from pathlib import Path

    from lithify.compiler.plan import UrlSource

_CHUNK = 1024 * 1024
_TIMEOUT_S = 60
_UNNAMED = "__unnamed__"
_SCHEMES = ("http", "https")


def url_name(url: str) -> str:
    """What a downloaded file is called in a directory (reference semantics, ADD)."""
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/"))
    return _UNNAMED if name in ("", ".", "..") or "\0" in name else name


def fetch_url(source: UrlSource, target: Path) -> str:
    """Download to a new file of mode 0600 and return the sha256 digest of its bytes.

    Raises BuildError when the server can't be reached or refuses, and when the checksum is another."""
    shown = _redacted(source.url)
    opener = _opener(may_downgrade=bool(source.checksum))
    wanted = request.Request(source.url, headers={"User-Agent": "lithify"})
    try:
        with opener.open(wanted, timeout=_TIMEOUT_S) as answer, target.open("xb") as out:
            target.chmod(0o600)
            digest = _save(answer, out, answer.headers.get("Content-Length"))
    except HTTPError as error:
        raise BuildError(f"cannot download {shown}: the server answered {error.code}") from error
    except (URLError, OSError, ValueError) as error:
        why = error.reason if isinstance(error, URLError) else error
        raise BuildError(f"cannot download {shown}: {why}") from error
    if source.checksum and digest != source.checksum:
        raise BuildError(
            f"digest mismatch {digest}: {source.checksum}",
            hint=f"{shown} is not what the Dockerfile expects",
        )
    return digest


def _save(answer: BinaryIO, out: BinaryIO, promised: str | None) -> str:
    total = hashlib.sha256()
    while chunk := answer.read(_CHUNK):
        total.update(chunk)
        out.write(chunk)
    # The library takes a connection that breaks off for the end of the file.
    if promised is not None and promised.strip() != str(out.tell()):
        raise ValueError(f"the connection ended after {out.tell()} of {promised} bytes")
    return f"sha256:{total.hexdigest()}"


def _redacted(url: str) -> str:
    """The address without credentials and query, which may hold secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class _Redirects(request.HTTPRedirectHandler):
    def __init__(self, may_downgrade: bool) -> None:
        self._may_downgrade = may_downgrade

    def redirect_request(
        self,
        req: request.Request,
        fp: object,
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in _SCHEMES:
            raise URLError(f"it redirects to {scheme}, which is not allowed")
        if scheme == "http" and req.type == "https" and not self._may_downgrade:
            raise URLError("it redirects from https to http; give a --checksum to allow that")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener(*, may_downgrade: bool) -> request.OpenerDirector:
    """Handlers for http and https only: the library's default also reads files and FTP."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        _Redirects(may_downgrade),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
