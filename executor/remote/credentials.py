"""Owns the credentials of remote sources: which secret is for which host, and what of an address may be shown.

Secrets are named after the host they are for, so that none is ever sent to another. It refuses to keep or to print
a value.

Specification: sections 3.5 and 8.4.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lithify.errors import BuildError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from lithify.executor.access import Access

#: What follows `://` up to the last @ before the path, in any text.
_USERINFO = re.compile(r"(?<=://)[^/\s'\"]*@")
_QUERY = re.compile(r"(://[^\s?'\"]*)\?[^\s#'\"]*")


def redacted(text: str) -> str:
    """A text whose addresses have neither user, password nor query, all of which may be secret."""
    return _QUERY.sub(r"\1", _USERINFO.sub("", text))


def split_address(url: str) -> SplitResult:
    """An HTTP(S) address taken apart. Raises BuildError for one without a host or with a wrong port."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise BuildError(f"cannot read the address {redacted(url)}: {error}") from error
    if not has_host:
        raise BuildError(f"cannot read the address {redacted(url)}: it names no host")
    return parts


def http_authorization(parts: SplitResult, access: Access) -> str:
    """The Authorization header for an address: a secret of its host, else its own user; '' for none."""
    for host in _hosts(parts):
        if header := access.secret(f"HTTP_AUTH_HEADER_{host}"):
            return _line(header)
        if token := access.secret(f"HTTP_AUTH_TOKEN_{host}"):
            return f"Bearer {_line(token)}"
    if parts.username is None and parts.password is None:
        return ""
    return basic(unquote(parts.username or ""), unquote(parts.password or ""))


def git_authorization(parts: SplitResult, access: Access) -> str:
    """The Authorization header for a repository: a secret of its host, else the one for every host."""
    for suffix in (*(f".{host}" for host in _hosts(parts)), ""):
        if token := access.secret(f"GIT_AUTH_TOKEN{suffix}"):
            return basic("x-access-token", _line(token))
        if header := access.secret(f"GIT_AUTH_HEADER{suffix}"):
            return _line(header)
    return ""


def basic(user: str, password: str) -> str:
    """The value of an Authorization header for a user and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _hosts(parts: SplitResult) -> tuple[str, ...]:
    """The names of secrets may have the port or not; the more precise one counts."""
    host = parts.hostname or ""
    return (f"{host}:{parts.port}", host) if parts.port is not None else (host,)


def _line(value: bytes) -> str:
    """A secret as part of a header: surrounding blanks go, as files end in a newline."""
    text = value.decode("latin-1").strip()
    if not text.isprintable():
        raise BuildError("a secret for a server holds characters that no header can carry")
    return text
