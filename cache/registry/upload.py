"""Owns the way of a blob from the store to a registry: at once if it is small, else so that it can be taken up again.

OCI distribution-spec, pushing a blob: POST then PUT; or POST, PATCH, PUT, where after a broken PATCH the registry is
asked how much it has. The place of an upload is remembered, so that another process can go on with it, as far as the
registry keeps what it got: some do not, and then all is sent again. It refuses to hold more than a buffer in memory.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast
from urllib.parse import quote

from lithify.cache.registry.download import PROGRESS_BYTES
from lithify.errors import RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.oci import Descriptor
    from lithify.cache.registry.channel import Attempts
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.registry.transport import Response

_UPLOADED = re.compile(r"(?:bytes=)?0-(\d+)\Z")
#: Larger blobs are sent by PATCH, which can be taken up where it broke off.
MOST_AT_ONCE_BYTES = 4 * 1024 * 1024


class Places(Protocol):
    """Remembers where blobs are being sent, beyond the life of a process."""

    def recall(self, repository: Repository, descriptor: Descriptor) -> str:
        """The URL of an upload that was begun, or ''. Raises StoreError."""

    def remember(self, repository: Repository, descriptor: Descriptor, url: str) -> None:
        """An upload begins; '' says that it is done. Raises StoreError."""


class Upload:
    """One blob on its way out."""

    def __init__(
        self,
        repository: Repository,
        descriptor: Descriptor,
        open_at: Callable[[int], BinaryIO],
        count: Counter,
        places: Places | None = None,
    ) -> None:
        self._repository = repository
        self._places = places
        self._channel = repository.channel
        self._descriptor = descriptor
        self._open_at = open_at
        self._count = count
        self._sent = 0
        self._url = ""

    def send(self) -> None:
        """Raises RegistryError, ContentError (the blob itself is damaged)."""
        attempts = self._channel.attempts()
        self._url = self._recalled()
        while True:
            start = self._resume(attempts)
            try:
                self._attempt(start)
                break
            except RegistryError as error:
                attempts.failed(error)
        if self._is_large:
            self._remember("")

    @property
    def _is_large(self) -> bool:
        return self._descriptor.size > MOST_AT_ONCE_BYTES

    def _recalled(self) -> str:
        """Where an earlier process was sending the blob; '' if that is not known or not to be trusted."""
        if self._places is None or not self._is_large:
            return ""
        url = self._places.recall(self._repository, self._descriptor)
        may_be_used = url.startswith("https://") or self._repository.location.may_be_plain
        return url if may_be_used else ""

    def _remember(self, url: str) -> None:
        if self._places is not None:
            self._places.remember(self._repository, self._descriptor, url)

    def _attempt(self, start: int) -> None:
        if not self._is_large:
            self._close(self._ask("PUT", self._with_digest(), 0, (201, 202, 204)))
            return
        if start < self._descriptor.size:
            answer, url = self._ask("PATCH", self._url, start, (202, 204))
            self._close((answer, url))
            self._url = self._repository.place(answer, url)
        ask = self._repository.upload_ask(
            "PUT", self._with_digest(), headers={"Content-Length": "0"}, hoped=(201, 204)
        )
        self._close(self._channel.ask_once(ask))

    def _resume(self, attempts: Attempts) -> int:
        """How many bytes the registry has, in an upload that may be new."""
        start = 0
        if self._url and self._is_large:
            start = self._progress()
            if start >= PROGRESS_BYTES:
                attempts.progressed()
        if not start:
            self._url = self._repository.start_upload()
            if self._is_large:
                self._remember(self._url)
        self._count(start - self._sent)
        self._sent = start
        return start

    def _progress(self) -> int:
        """What the registry has received; 0 if it does not tell (OCI distribution-spec, upload status)."""
        try:
            ask = self._repository.upload_ask("GET", self._url, hoped=(204,))
            answer, url = self._channel.ask_once(ask)
        except RegistryError:
            return 0
        self._close((answer, url))
        match = _UPLOADED.match(answer.headers.get("Range", ""))
        if match is None or int(match[1]) == 0 or int(match[1]) >= self._descriptor.size:
            return 0
        self._url = self._repository.place(answer, url)
        return int(match[1]) + 1

    def _ask(
        self, method: str, url: str, start: int, hoped: tuple[int, ...]
    ) -> tuple[Response, str]:
        size = self._descriptor.size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size - start)}
        if start:
            headers["Content-Range"] = f"{start}-{size - 1}"

        def body() -> BinaryIO:
            if self._sent != start:  # the first request was not accepted
                self._count(start - self._sent)
                self._sent = start
            return cast("BinaryIO", _Counted(self._open_at(start), self._add))

        ask = self._repository.upload_ask(method, url, headers=headers, body=body, hoped=hoped)
        return self._channel.ask_once(ask)

    def _add(self, count: int) -> None:
        self._sent += count
        self._count(count)

    def _with_digest(self) -> str:
        glue = "&" if "?" in self._url else "?"
        return f"{self._url}{glue}digest={quote(self._descriptor.digest)}"

    def _close(self, answered: tuple[Response, str]) -> None:
        self._channel.transport.discard(*answered)


class _Counted(io.RawIOBase):
    """Counts what is read from a stream."""

    def __init__(self, source: BinaryIO, count: Counter) -> None:
        super().__init__()
        self._source = source
        self._add = count

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._add(len(data))
        return data

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()
