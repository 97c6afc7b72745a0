"""Owns the loading of image archives: of `docker save`, of OCI archives, and of bare root file systems.

An archive is read once, front to back, for it may be a pipe: its files are put aside under numbers, their digests
taken as they pass, and only then its documents are looked at. Names in the archive never become paths. It refuses
to name any image unless the whole archive is right.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from lithify.cache.compression import layer_media_type, open_decompressed, open_plain
from lithify.cache.digest import Digest
from lithify.cache.documents import MOST_DOCUMENT_BYTES
from lithify.cache.failures import store_errors
from lithify.cache.imageindex import NAME, REF_NAME
from lithify.cache.importing import import_image
from lithify.cache.oci import (
    MEDIA_CONFIG,
    MEDIA_LAYER,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
)
from lithify.cache.ports import Layer
from lithify.cache.reference import InvalidReference, parse_reference
from lithify.cache.referrers import subject_of
from lithify.cache.tarstream import TarReader
from lithify.cache.trees import remove_tree
from lithify.errors import Corrupt, DigestMismatch, ImageNotFound, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from lithify.cache.blobs import FileBlobStore, FileBlobWriter
    from lithify.cache.store import Store

_MOST_ENTRIES = 100_000
_MOST_LINKS = 16
_DIGEST_NAME = re.compile(r"(?:blobs/sha256/([0-9a-f]{64})|([0-9a-f]{64})\.json)\Z")


class LoadedImage(NamedTuple):
    """An image of an archive and the full names it now has in the store."""

    names: tuple[str, ...]
    descriptor: Descriptor


@dataclass(frozen=True, slots=True)
class _Staged:
    """A file of the archive, put aside."""

    path: Path
    digest: Digest
    size: int
    start: bytes


def load(store: Store, source: BinaryIO | Path) -> tuple[LoadedImage, ...]:
    """Take all images of an archive into the store and name them as the archive says.

    The archive may be compressed with gzip or zstd, and its layers as well. Raises ImageNotFound
    (no such file), Corrupt, NotFound, DigestMismatch, InvalidReference, StoreError."""
    with _opened(source) as stream, _staging(store) as folder:
        archive = _Archive(store.blobs, folder)
        archive.read(open_decompressed(stream))
        if archive.has_file("index.json") and archive.has_file("oci-layout"):
            loaded = _load_oci(store, archive)
        else:
            loaded = _load_docker(store, archive)
    for image in loaded:
        store.images.add(image.descriptor, image.names)
    return loaded


def import_rootfs(store: Store, stream: BinaryIO, config: ImageConfig) -> Descriptor:
    """Make an image, unnamed, whose one layer is this tar byte for byte (decompressed if need be).

    Raises Corrupt for what is no tar, StoreError."""
    with store.blobs.writer() as writer:
        tee = io.BufferedReader(_Tee(open_decompressed(stream), writer))
        for _ in TarReader(cast("BinaryIO", tee)):
            pass
        layer = writer.commit(MEDIA_LAYER)
    described = store.blobs.put(config.with_layers((layer.digest,)).render(), MEDIA_CONFIG)
    manifest = Manifest.make(described, (layer,))
    return store.blobs.put(manifest.raw, manifest.media_type)


class _Tee(io.RawIOBase):
    """Passes a stream on and writes all of it to a blob."""

    def __init__(self, source: BinaryIO, writer: FileBlobWriter) -> None:
        super().__init__()
        self._source = source
        self._writer = writer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read(len(view))
        self._writer.write(data)
        view[: len(data)] = data
        return len(data)


@contextmanager
def _opened(source: BinaryIO | Path) -> Iterator[BinaryIO]:
    if not isinstance(source, Path):
        yield source
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise ImageNotFound(f"the archive {source} cannot be opened: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def _staging(store: Store) -> Iterator[Path]:
    import tempfile

    with store_errors("creating a folder", store.root):
        folder = Path(tempfile.mkdtemp(prefix="load-", dir=store.tmp_dir()))
    try:
        yield folder
    finally:
        remove_tree(folder)


class _Archive:
    """The files of an archive by name, put aside; a BlobSource by their digests."""

    def __init__(self, blobs: FileBlobStore, folder: Path) -> None:
        self._blobs = blobs
        self._folder = folder
        self._files: dict[str, _Staged] = {}
        self._links: dict[str, str] = {}
        self._by_digest: dict[Digest, _Staged] = {}

    def read(self, stream: BinaryIO) -> None:
        """Put aside all files. Raises Corrupt, DigestMismatch, StoreError."""
        reader = TarReader(stream)
        for number, entry in enumerate(reader):
            if number == _MOST_ENTRIES:
                raise Corrupt(f"the archive has more than {_MOST_ENTRIES} entries")
            name = _clean(entry.name)
            if entry.kind == "file":
                staged = self._stage(reader, number)
                _check_name(name, staged)
                self._files[name] = self._by_digest[staged.digest] = staged
            elif entry.kind == "symlink":
                self._links[name] = _clean(posixpath.join(posixpath.dirname(name), entry.target))
            elif entry.kind == "hardlink":
                self._links[name] = _clean(entry.target)

    def _stage(self, reader: TarReader, number: int) -> _Staged:
        path = self._folder / str(number)
        digest, size, start = hashlib.sha256(), 0, b""
        with store_errors("writing a blob", self._blobs.root):
            file = path.open("xb")
        with file:
            while data := reader.read():
                start = start or data[:4]
                digest.update(data)
                size += len(data)
                with store_errors("writing a blob", self._blobs.root):
                    file.write(data)
            with store_errors("writing a blob", self._blobs.root):
                file.flush()
        return _Staged(path, Digest(f"sha256:{digest.hexdigest()}"), size, start)

    def has_file(self, name: str) -> bool:
        return name in self._files

    def find(self, name: str) -> _Staged:
        """The file of a name, through the archive's own links. Raises NotFound."""
        found = _clean(name)
        for _ in range(_MOST_LINKS):
            if found in self._files:
                return self._files[found]
            found = self._links.get(found, "")
        raise NotFound(f"the archive lacks {name}")

    def document(self, name: str) -> bytes:
        """A small file. Raises NotFound, Corrupt."""
        staged = self.find(name)
        if staged.size > MOST_DOCUMENT_BYTES:
            raise Corrupt(f"{name} in the archive is too large")
        if not staged.path.exists():
            return self._blobs.read(staged.digest)
        return staged.path.read_bytes()

    def has(self, digest: Digest) -> bool:
        return digest in self._by_digest

    def transfer(self, descriptor: Descriptor, blobs: FileBlobStore) -> None:
        """Move a blob into the store. Raises NotFound, DigestMismatch, StoreError."""
        staged = self._by_digest.get(descriptor.digest)
        if staged is None:
            raise NotFound(f"the archive lacks the blob {descriptor.digest}")
        if staged.size != descriptor.size:
            raise DigestMismatch(
                f"{descriptor.digest} has {staged.size} bytes, its descriptor says {descriptor.size}"
            )
        blobs.adopt(staged.path, staged.digest)


def _clean(name: str) -> str:
    """A name without `./` and the like. Raises Corrupt if it leads out of the archive."""
    clean = posixpath.normpath(name)
    if clean.startswith(("/", "../")) or clean == "..":
        raise Corrupt(f"a name leads out of the archive: {name[:200]!r}")
    return clean


def _check_name(name: str, staged: _Staged) -> None:
    match = _DIGEST_NAME.match(name)
    if match and staged.digest.hex != (match[1] or match[2]):
        raise DigestMismatch(f"{name} in the archive has other content than its name says")


def _load_oci(store: Store, archive: _Archive) -> tuple[LoadedImage, ...]:
    """OCI image-spec, image-layout, in a tar; docker has written it since version 25."""
    names: dict[Descriptor, list[str]] = {}
    for entry in Index.parse(archive.document("index.json")).manifests:
        if subject_of(entry) is not None:
            import_image(archive, store.blobs, entry)
            store.images.attach(entry)
            continue
        bare = Descriptor(entry.media_type, entry.digest, entry.size, entry.platform)
        names.setdefault(bare, []).extend(_names_of(entry))
    for descriptor in names:
        import_image(archive, store.blobs, descriptor)
    return tuple(LoadedImage(tuple(dict.fromkeys(n)), one) for one, n in names.items())


def _names_of(entry: Descriptor) -> list[str]:
    """Full names; a bare tag, as some tools write, names nothing."""
    annotation = entry.annotation
    name = annotation.get(NAME, "")
    if not name and re.search("[/:]", annotation.get(REF_NAME, "")):
        name = annotation[REF_NAME]
    return [str(parse_reference(name))] if name else []


def _load_docker(store: Store, archive: _Archive) -> tuple[LoadedImage, ...]:
    """The form of `docker save` with a `manifest.json` (Docker image spec v1.2)."""
    if not archive.has_file("manifest.json"):
        raise Corrupt(
            "the archive is no image: it has neither manifest.json nor index.json",
            hint="for a bare root file system use `lithify import`",
        )
    entries = _json_list(archive.document("manifest.json"))
    named = [(_repo_tags(entry), entry) for entry in entries]
    return tuple(LoadedImage(names, _load_one(store, archive, entry)) for names, entry in named)


def _json_list(data: bytes) -> list[dict[str, Any]]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"manifest.json is not JSON: {error}") from error
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Corrupt("manifest.json is not a list of objects")
    return value


def _repo_tags(entry: dict[str, Any]) -> tuple[str, ...]:
    try:
        return tuple(str(parse_reference(tag)) for tag in _strings(entry, "RepoTags"))
    except InvalidReference as error:
        raise Corrupt(f"manifest.json: {error.message}") from error


def _strings(entry: dict[str, Any], key: str) -> list[str]:
    value = entry.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise Corrupt(f"manifest.json: {key} is not a list of strings")
    return value


def _load_one(store: Store, archive: _Archive, entry: dict[str, Any]) -> Descriptor:
    raw = archive.document(str(entry.get("Config", "")))
    config = ImageConfig.parse(raw)
    files = _strings(entry, "Layers")
    if len(files) != len(config.diff_ids):
        raise Corrupt(f"manifest.json lists {len(files)} layers, the config {len(config.diff_ids)}")
    pairs = zip(files, config.diff_ids, strict=True)
    layers = tuple(_load_layer(store, archive, name, diff_id) for name, diff_id in pairs)
    manifest = Manifest.make(store.blobs.put(raw, MEDIA_CONFIG), layers)
    return store.blobs.put(manifest.raw, manifest.media_type)


def _load_layer(store: Store, archive: _Archive, name: str, diff_id: Digest) -> Descriptor:
    staged = archive.find(name)
    descriptor = Descriptor(layer_media_type(staged.start), staged.digest, staged.size)
    if not store.blobs.holds(descriptor):
        archive.transfer(descriptor, store.blobs)
    if staged.digest == diff_id or store.records.find_diff_id(staged.digest) == diff_id:
        return descriptor
    with open_plain(store.blobs, Layer(descriptor, diff_id)) as plain:
        while plain.read(1024 * 1024):
            pass
    store.records.remember_diff_id(staged.digest, diff_id)
    return descriptor
