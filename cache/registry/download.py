"""Owns the way of a blob from a registry into the store: streamed, verified, taken up where it broke off.

What came before a process ended is there for the next one. Digest and size are those of the descriptor that asked for
it; a registry that sends anything else is not believed and nothing is kept. It refuses to hold more than a buffer in
memory.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from lithify.cache.partial import resumed
from lithify.cache.registry.transport import CHUNK_BYTES
from lithify.errors import DigestMismatch, RegistryError, RegistryUnreachable

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore, FileBlobWriter
    from lithify.cache.oci import Descriptor
    from lithify.cache.registry.repository import Counter, Repository
    from lithify.cache.registry.settings import Patience
    from lithify.cache.registry.transport import Response

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)\Z")
#: So much must come through before patience starts anew.
PROGRESS_BYTES = 64 * 1024


class Download:
    """One blob on its way in."""

    def __init__(self, repository: Repository, descriptor: Descriptor, count: Counter) -> None:
        self._repository = repository
        self._transport = repository.channel.transport
        self._host = repository.location.host
        self._descriptor = descriptor
        self._count = count

    def receive(self, blobs: FileBlobStore) -> None:
        """Take the blob into the store, from where a broken transfer stopped.

        Raises RegistryError, DigestMismatch (digest or size), StoreError."""
        with resumed(blobs, self._descriptor.digest) as writer:
            if writer.size > self._descriptor.size:
                writer.restart()
            is_inherited = writer.size > 0
            self._count(writer.size)
            try:
                self._verified(writer)
            except DigestMismatch:
                if not is_inherited:
                    raise
                # What was left here may be what is wrong: all of it once more, before anybody is blamed.
                self._verified(writer)

    def _verified(self, writer: FileBlobWriter) -> None:
        """Complete the blob; what proves wrong is forgotten."""
        try:
            self._complete(writer)
        except DigestMismatch:
            self._count(-writer.size)
            writer.restart()
            raise

    def _complete(self, writer: FileBlobWriter) -> None:
        """Receive what is missing, and name the blob."""
        attempts = self._repository.channel.attempts()
        received = writer.size
        while received < self._descriptor.size:
            before = received
            try:
                received = self._receive(writer, received)
            except _Broken as broken:
                received = broken.received
                if received - before >= PROGRESS_BYTES:
                    attempts.progressed()
                attempts.failed(broken.error)
        self._commit(writer)

    def _receive(self, writer: FileBlobWriter, start: int) -> int:
        """The bytes that are there after another attempt. Raises _Broken, DigestMismatch."""
        answer, url = self._ask(start)
        received, is_at_end = start, False
        try:
            skip = self._check_range(answer, start)
            meter = _Meter(self._repository.channel.patience)
            while data := self._transport.read(answer, url, CHUNK_BYTES):
                meter.add(len(data), self._host)
                data, skip = data[skip:], max(0, skip - len(data))
                if received + len(data) > self._descriptor.size:
                    raise self._lie("more bytes")
                received += writer.write(data)
                self._count(len(data))
            is_at_end = True
        except RegistryUnreachable as error:
            raise _Broken(error, received) from error
        finally:
            self._transport.close_answer(answer, is_at_end=is_at_end)
        if received < self._descriptor.size:
            size = self._descriptor.size
            said = f"{self._host} sent only {received} of {size} bytes of a blob"
            raise _Broken(RegistryUnreachable(said, is_passing=True), received)
        return received

    def _ask(self, start: int) -> tuple[Response, str]:
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        hoped = (200, 206) if start else (200,)
        ask = self._repository.blob_ask(self._descriptor, headers, hoped)
        try:
            return self._repository.channel.ask_once(ask)
        except RegistryError as error:
            raise _Broken(error, start) from error

    def _check_range(self, answer: Response, start: int) -> int:
        """How many bytes to skip before those that are missing. Raises DigestMismatch, RegistryError."""
        if answer.status == 206:
            match = _CONTENT_RANGE.match(answer.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != start:
                raise RegistryError(f"{self._host} sent another range than asked for")
            if match[3] not in ("*", str(self._descriptor.size)):
                raise self._lie(f"{match[3]} bytes")
            return 0
        length = answer.headers.get("Content-Length", "")
        if length.isdigit() and int(length) != self._descriptor.size:
            raise self._lie(f"{length} bytes")
        return start

    def _commit(self, writer: FileBlobWriter) -> None:
        try:
            writer.commit(self._descriptor.media_type, self._descriptor.digest)
        except DigestMismatch as error:
            raise self._lie("other bytes") from error

    def _lie(self, instead: str) -> DigestMismatch:
        return DigestMismatch(
            f"{self._host} sent {instead} for the blob {self._descriptor.digest} "
            f"of {self._descriptor.size} bytes",
            hint="the registry or something before it is damaged; nothing was kept",
        )


class _Broken(Exception):
    """A transfer that ended early, and how far it came."""

    def __init__(self, error: RegistryError, received: int) -> None:
        super().__init__(error.message)
        self.error = error
        self.received = received


class _Meter:
    """Notices transfers that go on for ever without getting anywhere."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since = time.monotonic()
        self._bytes = 0

    def add(self, count: int, host: str) -> None:
        """Raises RegistryUnreachable."""
        self._bytes += count
        passed = time.monotonic() - self._since
        if passed < self._patience.read_s:
            return
        if self._bytes < passed * self._patience.slowest_bytes_per_s:
            raise RegistryUnreachable(f"{host} sends too slowly", is_passing=True)
        self._since, self._bytes = time.monotonic(), 0
