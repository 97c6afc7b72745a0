"""Owns downloads: one HTTP(S) address into one file, verified, and whether a file downloaded once is still current.

A server is asked with the validators of last time, so that an unchanged file costs one question without an answer's
body. It refuses to name files: an address's own name is only what a destination directory needs.

Specification: sections 3.5 (HTTP) and 5.3 (http).
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from contextlib import suppress
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from lithify.errors import BuildError
from lithify.executor.remote.exchange import Failure, Question, asked, bad_status

if TYPE_CHECKING:
    from email.message import Message
    from http.client import HTTPResponse
    from pathlib import Path

    from lithify.executor.access import Access

_CHUNK = 1024 * 1024
_UNNAMED = "__unnamed__"
_OK = 200
_NOT_MODIFIED = 304
#: A file may change again within the second its time names (RFC 9110, 8.8.2.2).
_STRONG_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file as it was received: sha256 digest, Last-Modified in seconds (None: not said), and validators."""

    digest: str
    modified_s: int | None = None
    etag: str = ""
    last_modified: str = ""

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Downloaded:
        return cls(**json.loads(text))


def url_name(url: str) -> str:
    """What a downloaded file is called in a directory (reference semantics, ADD)."""
    name = posixpath.basename(unquote(urlsplit(url).path).rstrip("/"))
    return _UNNAMED if name in ("", ".", "..") or "\0" in name else name


def download(url: str, target: Path, access: Access, *, checksum: str = "") -> Downloaded:
    """Download to a new file of mode 0600 whose time is Last-Modified, else 1970-01-01.

    Raises BuildError when the server can't be reached, refuses, breaks off or sends too much, and when the sha256
    `checksum` is another; Cancelled."""
    question = Question(url, may_downgrade=bool(checksum))
    with asked(question, access) as answer:
        if answer.status != _OK:
            raise bad_status(question, answer)
        with target.open("xb") as out:
            target.chmod(0o600)
            digest = _save(answer, out, access.bounds.most_bytes)
        got = _described(digest, answer.headers)
    if checksum and digest != checksum:
        raise BuildError(
            f"digest mismatch {digest}: {checksum}",
            hint=f"{question.shown} is not what the Dockerfile expects",
        )
    os.utime(target, (got.modified_s or 0, got.modified_s or 0))
    return got


def is_current(url: str, known: Downloaded, access: Access) -> bool:
    """Whether the server says that a file is still what it was. Raises BuildError, Cancelled."""
    headers = {}
    if known.etag:
        headers["If-None-Match"] = known.etag
    elif known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    if not headers:
        return False
    with asked(Question(url, "HEAD", headers), access) as answer:
        if answer.status == _NOT_MODIFIED:
            return True
        return (
            answer.status == _OK
            and bool(known.etag)
            and answer.headers.get("ETag", "").strip() == known.etag
        )


def _save(answer: HTTPResponse, out: BinaryIO, most_bytes: int) -> str:
    total = hashlib.sha256()
    size = 0
    # read() would wait until a chunk is full, however slowly its bytes drip.
    while chunk := answer.read1(_CHUNK):
        size += len(chunk)
        if size > most_bytes:
            raise Failure(f"it is larger than {most_bytes} bytes")
        total.update(chunk)
        out.write(chunk)
    # The library takes a connection that breaks off for the end of the file.
    promised = answer.headers.get("Content-Length")
    if promised is not None and not answer.chunked and promised.strip() != str(size):
        raise Failure(f"the connection ended after {size} of {promised} bytes")
    return f"sha256:{total.hexdigest()}"


def _described(digest: str, headers: Message) -> Downloaded:
    last_modified = headers.get("Last-Modified", "").strip()
    modified_s, sent_s = _seconds(last_modified), _seconds(headers.get("Date", ""))
    is_strong = (
        modified_s is not None and sent_s is not None and sent_s - modified_s >= _STRONG_AFTER_S
    )
    etag = headers.get("ETag", "").strip()
    validator = last_modified if is_strong else ""
    return Downloaded(digest, modified_s, _header_text(etag), _header_text(validator))


def _header_text(value: str) -> str:
    """A validator that can be sent back."""
    return value if value.isascii() and value.isprintable() else ""


def _seconds(date: str) -> int | None:
    """An HTTP date in seconds since 1970; None for what is none."""
    with suppress(ValueError, TypeError, OverflowError):
        seconds = int(parsedate_to_datetime(date).timestamp())
        return seconds if 0 <= seconds < 1 << 33 else None
    return None
