"""Owns the blobs of a store: files named by the sha256 of their bytes.

A blob gets its name by rename, so a killed process leaves none half-written. Only `put` (manifests, configs)
waits for the disk: syncing every layer costs more than making most of them. Power loss may hence truncate a
layer; every use checks size or digest, and a damaged blob is removed, so that it becomes a miss. It refuses to
know who refers to a blob.
"""

from __future__ import annotations

import hashlib
import io
import os
from contextlib import contextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, cast

from lithify.cache.digest import Digest
from lithify.cache.failures import store_errors
from lithify.cache.oci import Descriptor
from lithify.cache.ports import BlobStore, BlobWriter
from lithify.errors import Corrupt, DigestMismatch, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from _typeshed import WriteableBuffer

_BUFFER_BYTES = 256 * 1024
#: Pieces and blobs from these sizes on are worth a thread.
_LARGE_PIECE = 128 * 1024
_LARGE_BLOB = 4 * 1024 * 1024
_EMPTY = Digest.of(b"")
_MISSING_HINT = "build, pull or load the image it belongs to again"
_DAMAGED_HINT = "the blob was damaged and is now removed; build, pull or load it again"


class FileBlobStore(BlobStore):
    """BlobStore over `blobs/sha256/<hex>` of an OCI image layout (image-layout, blobs)."""

    def __init__(self, root: Path, tmp_dir: Path) -> None:
        self._root = root
        self._directory = root / "blobs" / "sha256"
        self._tmp_dir = tmp_dir
        self._names = count()
        #: Asked for a blob that is missed; whether it is here now. Set by whoever knows where to get it.
        self.fetch: Callable[[Digest], bool] | None = None
        #: Tells the compressed form of a layer by a codec that `fetch` could get.
        self.compressed: Callable[[Digest, str], Descriptor | None] | None = None

    def path(self, digest: Digest) -> Path:
        """Where the blob is, if it is."""
        return self._directory / digest.hex

    @contextmanager
    def writer(self) -> Iterator[FileBlobWriter]:
        """A new blob; leaving the context without commit discards it. Raises StoreError."""
        path = self._tmp_dir / f"blob-{next(self._names)}"
        with store_errors("creating a blob", self._root):
            writer = FileBlobWriter(self, path)
        try:
            yield writer
        finally:
            writer.discard()

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Store small content, on disk before it returns; idempotent. Raises StoreError."""
        descriptor = Descriptor(media_type, Digest.of(data), len(data))
        if not self._is_intact(descriptor.digest, data):
            with self.writer() as writer:
                writer.write(data)
                writer.sync()
                writer.commit(media_type)
        return descriptor

    def _is_intact(self, digest: Digest, data: bytes) -> bool:
        try:
            return self.path(digest).read_bytes() == data
        except OSError:
            return False

    def adopt(self, path: Path, digest: Digest) -> None:
        """Rename a file of the store's temporary area, whose digest the caller computed."""
        # Over an existing blob as well: that repairs one which power loss damaged.
        with store_errors("naming a blob", self._root):
            path.rename(self.path(digest))

    def open(self, digest: Digest) -> BinaryIO:
        """A seekable stream of the unverified bytes; the caller closes.

        A missing blob is fetched if somebody knows where from. Raises NotFound, RegistryError."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as error:
            if self.fetch is not None and self.fetch(digest):
                return self.path(digest).open("rb")
            raise NotFound(f"the store holds no blob {digest}", hint=_MISSING_HINT) from error
        except OSError as error:
            raise Corrupt(f"the blob {digest} cannot be read: {error.strerror}") from error

    def open_verified(self, descriptor: Descriptor) -> BinaryIO:
        """A stream which raises DigestMismatch at its end unless size and digest are right.

        The caller closes, and trusts nothing before the end was read. Raises NotFound."""
        raw = VerifiedReader(self.open(descriptor.digest), descriptor, self._remove_damaged)
        return cast("BinaryIO", io.BufferedReader(raw, _BUFFER_BYTES))

    def read(self, digest: Digest, limit: int = 64 * 1024 * 1024) -> bytes:
        """Small content whole, verified. Raises NotFound, DigestMismatch, Corrupt (too large)."""
        with self.open(digest) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise Corrupt(f"the blob {digest} is larger than {limit} bytes")
        if Digest.of(data) != digest:
            self._remove_damaged(digest)
            raise DigestMismatch(f"the blob {digest} has other content", hint=_DAMAGED_HINT)
        return data

    def has(self, digest: Digest) -> bool:
        """Whether it is there, and not as the empty file that power loss leaves."""
        size = self.size(digest)
        return size is not None and (size > 0 or digest == _EMPTY)

    def holds(self, descriptor: Descriptor) -> bool:
        """Whether it is there with the promised size; cheap, and finds truncation."""
        return self.size(descriptor.digest) == descriptor.size

    def size(self, digest: Digest) -> int | None:
        """Size in bytes; None if it is missing."""
        try:
            return self.path(digest).stat().st_size
        except OSError:
            return None

    def verify(self, descriptor: Descriptor) -> bool:
        """Whether the bytes are right, by reading them all; a damaged blob is removed."""
        try:
            with self.open_verified(descriptor) as stream:
                while stream.read(_BUFFER_BYTES):
                    pass
        except (DigestMismatch, NotFound):
            return False
        return True

    def delete(self, digest: Digest) -> bool:
        """Remove a blob; False if it was not there. Raises StoreError."""
        with store_errors("removing a blob", self._root):
            try:
                self.path(digest).unlink()
            except FileNotFoundError:
                return False
        return True

    def digests(self) -> tuple[Digest, ...]:
        """All blobs, sorted."""
        with store_errors("listing the blobs", self._root):
            names = sorted(os.listdir(self._directory))
        return tuple(Digest(f"sha256:{name}") for name in names if len(name) == 64)

    def sync(self) -> None:
        """Wait until all blobs are on disk (syncfs): half a second after much writing.

        Only for those who promise durability, such as an export; a build needs none."""
        import ctypes

        with store_errors("syncing", self._root):
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
                    error = ctypes.get_errno()
                    raise OSError(error, os.strerror(error))
            finally:
                os.close(descriptor)

    def _remove_damaged(self, digest: Digest) -> None:
        with suppress(OSError):
            self.path(digest).unlink()

    @property
    def root(self) -> Path:
        """The store's folder, for messages."""
        return self._root


class FileBlobWriter(BlobWriter):
    """BlobWriter over a file of the temporary area, or over one that an earlier writer left (`is_resumed`).

    Hashing and writing of large pieces go on in a thread while the next piece is made; a failure is raised by the
    call after it."""

    def __init__(self, store: FileBlobStore, path: Path, *, is_resumed: bool = False) -> None:
        self._store = store
        self._path = path
        self._file = path.open("a+b" if is_resumed else "xb", _BUFFER_BYTES)
        self._hash = hashlib.sha256()
        self._size = 0
        self._helper: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        if is_resumed:
            self._file.seek(0)
            while data := self._file.read(_BUFFER_BYTES):
                self._hash.update(data)
                self._size += len(data)

    @property
    def size(self) -> int:
        """Bytes written so far, by this writer and those before it."""
        return self._size

    def restart(self) -> None:
        """Forget everything that was written. Raises StoreError."""
        self._settle()
        with store_errors("writing a blob", self._store.root):
            self._file.truncate(0)
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Append; all of it is taken. Raises StoreError."""
        self._settle()
        self._size += len(data)
        if len(data) < _LARGE_PIECE or self._size < _LARGE_BLOB:
            self._take(data)
            return len(data)
        if self._helper is None:
            from concurrent.futures import ThreadPoolExecutor  # most blobs are small

            self._helper = ThreadPoolExecutor(1, "blob")
        self._pending = self._helper.submit(self._take, bytes(data))
        return len(data)

    def _take(self, data: bytes) -> None:
        with store_errors("writing a blob", self._store.root):
            self._file.write(data)
        self._hash.update(data)

    def _settle(self) -> None:
        """Wait for what is being written; raises what went wrong with it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def _stop(self) -> None:
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.shutdown()

    def sync(self) -> None:
        """Wait until the bytes are on disk. Raises StoreError."""
        self._settle()
        with store_errors("writing a blob", self._store.root):
            self._file.flush()
            os.fdatasync(self._file.fileno())

    def commit(self, media_type: str, expected: Digest | None = None) -> Descriptor:
        """Name the blob by its digest; atomic and idempotent. Raises DigestMismatch."""
        self._settle()
        self._stop()
        digest = Digest(f"sha256:{self._hash.hexdigest()}")
        if expected is not None and digest != expected:
            raise DigestMismatch(f"content of digest {expected} was expected, it is {digest}")
        with store_errors("writing a blob", self._store.root):
            self._file.close()
        self._store.adopt(self._path, digest)
        return Descriptor(media_type, digest, self._size)

    def keep(self, least_bytes: int) -> None:
        """Close what was not committed, and leave it for a later writer unless it is less than this."""
        if self._size < least_bytes:
            self.discard()
        self._stop()
        with suppress(OSError):
            self._file.close()

    def discard(self) -> None:
        """Close and remove what was not committed."""
        self._stop()
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self._path.unlink()


class VerifiedReader(io.RawIOBase):
    """Passes bytes on and compares size and digest at the end; never yields more than the size."""

    def __init__(
        self, source: BinaryIO, descriptor: Descriptor, on_mismatch: Callable[[Digest], None]
    ) -> None:
        super().__init__()
        self._source = source
        self._descriptor = descriptor
        self._on_mismatch = on_mismatch
        self._hash = hashlib.sha256()
        self._left = descriptor.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(len(view))
        if len(data) > self._left or (not data and len(view) and self._is_wrong()):
            digest = self._descriptor.digest
            self._on_mismatch(digest)
            raise DigestMismatch(f"the blob {digest} has other content", hint=_DAMAGED_HINT)
        self._hash.update(data)
        self._left -= len(data)
        view[: len(data)] = data
        return len(data)

    def _is_wrong(self) -> bool:
        return self._left > 0 or self._hash.hexdigest() != self._descriptor.digest.hex

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()
