"""Owns the writing of image layouts that others may read at the same time: blobs by rename, names last.

A layout may be shared by several builds and machines, hence the lock and hence that nothing is ever removed: the folder is
the user's, who may start a new one. It refuses to read anything but the index that it changes.
"""

from __future__ import annotations

import fcntl
import io
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from lithify.cache.imageindex import REF_NAME
from lithify.cache.oci import Descriptor, Index
from lithify.errors import Corrupt, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_COPY_BYTES = 1024 * 1024
_MOST_INDEX_BYTES = 8 * 1024 * 1024


class LayoutWriter:
    """A layout's folder (OCI image-spec, image-layout). Thread- and process-safe. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blobs = path / "blobs" / "sha256"

    def holds(self, blob: Descriptor) -> bool:
        """Whether a blob is there with the promised size."""
        try:
            return (self._blobs / blob.digest.hex).stat().st_size == blob.size
        except OSError:
            return False

    def put(self, blob: Descriptor, data: bytes) -> None:
        """Write a small blob; idempotent."""
        self.copy(blob, io.BytesIO(data))

    def copy(self, blob: Descriptor, source: BinaryIO) -> None:
        """Write a blob from a stream that verifies itself at its end; idempotent. Raises what it raises."""
        with self._errors():
            self._blobs.mkdir(parents=True, exist_ok=True)
            with self._replacing(self._blobs / blob.digest.hex) as file:
                while data := source.read(_COPY_BYTES):
                    file.write(data)

    def tag(self, manifest: Descriptor, tag: str) -> None:
        """Let a tag mean a manifest from now on; other tags stay."""
        annotations = ((REF_NAME, tag),)
        named = Descriptor(manifest.media_type, manifest.digest, manifest.size, None, annotations)
        with self._errors(), self._locked():
            others = tuple(one for one in self._entries() if one.annotation.get(REF_NAME) != tag)
            self._replace("index.json", Index.make((*others, named)).raw)
            self._replace("oci-layout", _LAYOUT)

    def _entries(self) -> tuple[Descriptor, ...]:
        """What the index names; nothing if it is missing or damaged, for a cache can be made again."""
        try:
            with (self._path / "index.json").open("rb") as file:
                return Index.parse(file.read(_MOST_INDEX_BYTES)).manifests
        except (FileNotFoundError, Corrupt):
            return ()

    def _replace(self, name: str, data: bytes) -> None:
        with self._replacing(self._path / name) as file:
            file.write(data)

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[BinaryIO]:
        """A file that takes its place when it is complete, and is gone if it never is."""
        fresh = path.with_name(f".{path.name[:16]}-{uuid4().hex}")
        try:
            with fresh.open("xb") as file:
                yield file
            fresh.replace(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            self._path / ".index.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(f"writing the cache {self._path}: {error.strerror}") from error
