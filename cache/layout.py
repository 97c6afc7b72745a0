"""Owns the reading of OCI image layouts that others made: `oci-layout://DIR[:TAG|@DIGEST]`.

A layout may come from anywhere, so only its outermost folder may be reached through a symlink; every file in it is
opened without following any, and believed only as far as its digest. It refuses to write to it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from lithify.cache.digest import Digest
from lithify.cache.documents import MOST_DOCUMENT_BYTES
from lithify.cache.imageindex import NAME, REF_NAME
from lithify.cache.importing import import_image
from lithify.cache.oci import (
    INDEX_TYPES,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
    Descriptor,
    Index,
    parse_json_object,
)
from lithify.errors import Corrupt, DigestMismatch, ImageNotFound, NotFound, UsageError

if TYPE_CHECKING:
    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.store import Store

SCHEME = "oci-layout://"
DEFAULT_TAG = "latest"
_CHUNK_BYTES = 1024 * 1024
#: O_NONBLOCK: a fifo in the place of a blob must not stop us.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def parse_layout_reference(text: str) -> tuple[Path, str | None]:
    """Folder and selector of `[oci-layout://]DIR[:TAG][@DIGEST]`; a digest wins over a tag.

    A tag may be a full image name, as in the layouts that stores are. Raises UsageError."""
    rest = text.removeprefix(SCHEME)
    folder, _, digest = rest.rpartition("@sha256:")
    selector: str | None = None
    if folder:
        try:
            selector = Digest(f"sha256:{digest}")
        except Corrupt as error:
            raise UsageError(f"{text}: {error.message}") from error
    else:
        folder = rest
    folder, tag = _split_tag(folder)
    selector = selector or tag
    if not folder or selector == "":
        raise UsageError(f"{text!r} is no OCI layout reference", hint=f"{SCHEME}DIR[:TAG|@DIGEST]")
    return Path(folder), selector


def _split_tag(text: str) -> tuple[str, str | None]:
    """Folder and tag: the longest part before a colon that is a folder, for both may hold colons."""
    colons = [at for at, character in enumerate(text) if character == ":"]
    for at in (len(text), *reversed(colons)):
        if Path(text[:at]).is_dir():
            return text[:at], text[at + 1 :] if at < len(text) else None
    head, colon, tag = text.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (text, None)


def import_layout(store: Store, directory: Path, selector: str | None) -> Descriptor:
    """Copy an image out of a layout into the store, unnamed; every size and digest is verified.

    Without a selector the only image is taken, or else the one tagged `latest`. Raises
    ImageNotFound, NotFound, DigestMismatch, Corrupt, StoreError."""
    with LayoutDirectory(directory) as layout:
        descriptor = layout.select(selector)
        import_image(layout, store.blobs, descriptor)
    return descriptor


class LayoutDirectory:
    """A foreign layout, open for reading; a BlobSource."""

    def __init__(self, path: Path) -> None:
        """Raises ImageNotFound if there is no folder, Corrupt if it is no layout."""
        self._path = path
        try:
            self._root = os.open(path, _DIRECTORY & ~os.O_NOFOLLOW)
        except OSError as error:
            raise ImageNotFound(
                f"the OCI layout {path} cannot be opened: {error.strerror}"
            ) from error
        try:
            self._check_version()
        except BaseException:
            os.close(self._root)
            raise

    def _check_version(self) -> None:
        value = parse_json_object(self._small("oci-layout"), f"{self._path}/oci-layout")
        if not str(value.get("imageLayoutVersion", "")).startswith("1."):
            raise Corrupt(f"{self._path}: unknown version of OCI image layout")

    def select(self, selector: str | None) -> Descriptor:
        """The image that a tag or digest names. Raises ImageNotFound, Corrupt."""
        entries = Index.parse(self._small("index.json")).manifests
        if selector is not None and selector.startswith("sha256:"):
            return self._by_digest(entries, Digest(selector))
        distinct = list({one.digest: one for one in entries}.values())
        if selector is None and len(distinct) == 1:
            return _bare(distinct[0])
        tag = selector or DEFAULT_TAG
        for one in entries:
            if tag in _tags(one):
                return _bare(one)
        have = ", ".join(sorted({tag for one in entries for tag in _tags(one)})[:20])
        raise ImageNotFound(
            f"the OCI layout {self._path} has no image tagged {tag}",
            hint=f"its tags: {have or 'none'}; write {SCHEME}DIR:TAG or {SCHEME}DIR@DIGEST",
        )

    def _by_digest(self, entries: tuple[Descriptor, ...], digest: Digest) -> Descriptor:
        """An entry of the index, or any manifest of the layout."""
        for one in entries:
            if one.digest == digest:
                return _bare(one)
        try:
            raw = self._small("blobs", "sha256", digest.hex)
        except NotFound as error:
            raise ImageNotFound(f"the OCI layout {self._path} has no image {digest}") from error
        value = parse_json_object(raw, f"the blob {digest}")
        guess = MEDIA_INDEX if "manifests" in value else MEDIA_MANIFEST
        return Descriptor(str(value.get("mediaType") or guess), digest, len(raw))

    def has(self, digest: Digest) -> bool:
        try:
            self._open("blobs", "sha256", digest.hex).close()
        except (NotFound, Corrupt):
            return False
        return True

    def transfer(self, descriptor: Descriptor, blobs: FileBlobStore) -> None:
        """Copy a blob. Raises NotFound, DigestMismatch, Corrupt, StoreError."""
        with (
            self._open("blobs", "sha256", descriptor.digest.hex) as source,
            blobs.writer() as writer,
        ):
            copied = 0
            while copied <= descriptor.size and (data := source.read(_CHUNK_BYTES)):
                copied += writer.write(data)
            if copied != descriptor.size:
                raise DigestMismatch(
                    f"{descriptor.digest} in {self._path} has not the size {descriptor.size}"
                )
            writer.commit(descriptor.media_type, descriptor.digest)

    def read(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob, verified. Raises NotFound, DigestMismatch, Corrupt (too large)."""
        if descriptor.size > limit:
            raise Corrupt(f"the blob {descriptor.digest} is larger than {limit} bytes")
        with self._open("blobs", "sha256", descriptor.digest.hex) as file:
            data = file.read(limit + 1)
        if Digest.of(data) != descriptor.digest:
            raise DigestMismatch(f"{descriptor.digest} in {self._path} has other content")
        return data

    def _small(self, *parts: str) -> bytes:
        with self._open(*parts) as file:
            data = file.read(MOST_DOCUMENT_BYTES + 1)
        if len(data) > MOST_DOCUMENT_BYTES:
            raise Corrupt(f"{self._path}/{'/'.join(parts)} is too large")
        return data

    def _open(self, *parts: str) -> BinaryIO:
        """A regular file below the root, no component of which may be a symlink."""
        shown = f"{self._path}/{'/'.join(parts)}"
        folder = os.dup(self._root)
        try:
            for part in parts[:-1]:
                folder, outer = os.open(part, _DIRECTORY, dir_fd=folder), folder
                os.close(outer)
            descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
        except FileNotFoundError as error:
            raise NotFound(f"{shown} does not exist") from error
        except OSError as error:
            raise Corrupt(f"{shown} cannot be opened: {error.strerror}") from error
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Corrupt(f"{shown} is not a regular file")
        return open(descriptor, "rb")

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _tags(descriptor: Descriptor) -> set[str]:
    """What may be written to select it: its names, and the tag at their ends."""
    annotation = descriptor.annotation
    names = {annotation.get(REF_NAME, ""), annotation.get(NAME, "")} - {""}
    return names | {name.rpartition("/")[2].rpartition(":")[2] for name in names if ":" in name}


def _bare(descriptor: Descriptor) -> Descriptor:
    media_type = descriptor.media_type
    is_index = media_type in INDEX_TYPES
    return Descriptor(
        media_type or MEDIA_MANIFEST,
        descriptor.digest,
        descriptor.size,
        None if is_index else descriptor.platform,
    )
