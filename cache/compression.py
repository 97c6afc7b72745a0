"""Owns the compressed forms of layers: reading any of them, and writing the canonical one.

The canonical form is gzip in independent members of 1 MiB of input each, so that its bytes depend neither on the
number of cores nor on how the input was fed, compressed by one pinned codec whose bytes are checked by a known
answer. It refuses to trust a layer: what is read is compared with its diff_id.
"""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections import deque
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, cast

from lithify.cache.oci import (
    MEDIA_DOCKER_LAYER,
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_LAYER_ZSTD,
)
from lithify.errors import Corrupt, DigestMismatch, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from _typeshed import WriteableBuffer

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest
    from lithify.cache.oci import Descriptor
    from lithify.cache.ports import Layer
    from lithify.cache.store import Store

#: Names the codec, its level, the member size and the version of the form.
CODEC = "gzip-deflate0.9.0-6-1MiB-v1"
_LEVEL = 6
_MEMBER_BYTES = 1024 * 1024
_KNOWN_ANSWER = "8dc6b2258677286a10b3bbe697af7dcec5eb42aab30bc9b4eaec5c1c5e18d1b2"

_READ_BYTES = 256 * 1024
#: Larger windows only exist to exhaust memory: zstd's own command refuses them by default.
_MOST_ZSTD_WINDOW_BYTES = 128 * 1024 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
PLAIN_TYPES = (MEDIA_LAYER, MEDIA_DOCKER_LAYER)
_MEDIA_TYPES = {"": MEDIA_LAYER, "gzip": MEDIA_LAYER_GZIP, "zstd": MEDIA_LAYER_ZSTD}
_LAYER_TYPES = (*PLAIN_TYPES, MEDIA_LAYER_GZIP, MEDIA_DOCKER_LAYER_GZIP, MEDIA_LAYER_ZSTD)


def layer_media_type(start: bytes) -> str:
    """The OCI media type of a layer whose first bytes are `start`."""
    return _MEDIA_TYPES[_detect(start)]


def _detect(start: bytes) -> str:
    if start.startswith(_GZIP_MAGIC):
        return "gzip"
    is_skippable = (
        start[1:4] == _ZSTD_SKIPPABLE and start[:1] in b"\x50\x51\x52\x53\x54\x55\x56\x57"
    )
    return "zstd" if start.startswith(_ZSTD_MAGIC) or (start and is_skippable) else ""


def open_plain(blobs: FileBlobStore, layer: Layer) -> BinaryIO:
    """The tar of a layer, decompressed as it is read, in bounded memory.

    The end of the stream raises DigestMismatch unless all bytes together have the layer's diff_id, so
    nothing may be relied upon before the end was read. The caller closes. Raises NotFound, Corrupt
    (unknown media type)."""
    if layer.descriptor.media_type not in _LAYER_TYPES:
        raise Corrupt(f"unknown type of layer: {layer.descriptor.media_type[:100]!r}")
    source = blobs.open(layer.descriptor.digest)
    try:
        # Some producers call a plain tar compressed: content decides, diff_id verifies.
        codec = _detect(source.read(4))
        source.seek(0)
        plain = _open_codec(source, codec)
    except BaseException:
        source.close()
        raise
    return cast("BinaryIO", io.BufferedReader(_PlainReader(plain, blobs, layer), _READ_BYTES))


def open_decompressed(source: BinaryIO) -> BinaryIO:
    """A stream of unknown origin, decompressed if it starts as gzip or zstd; closing closes `source`.

    `source` needs no seek. Reading raises Corrupt for damaged compression."""
    buffered = source if isinstance(source, io.BufferedReader) else _buffered(source)
    return _open_codec(cast("BinaryIO", buffered), _detect(buffered.peek(4)[:4]))


def _buffered(source: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", source), _READ_BYTES)


def _open_codec(source: BinaryIO, codec: str) -> BinaryIO:
    if codec == "gzip":
        return cast("BinaryIO", io.BufferedReader(_GzipReader(source), _READ_BYTES))
    if codec == "zstd":
        return _open_zstd(source)
    return source


def _open_zstd(source: BinaryIO) -> BinaryIO:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_MOST_ZSTD_WINDOW_BYTES)
    reader = decompressor.stream_reader(source, read_size=_READ_BYTES, read_across_frames=True)
    return cast("BinaryIO", io.BufferedReader(_ZstdReader(reader, source), _READ_BYTES))


class _ZstdReader(io.RawIOBase):
    """Gives zstandard's reader our errors and a close that reaches the source."""

    def __init__(self, reader: BinaryIO, source: BinaryIO) -> None:
        super().__init__()
        self._reader = reader
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        import zstandard

        view = memoryview(buffer).cast("B")
        try:
            data = self._reader.read(len(view))
        except zstandard.ZstdError as error:
            raise Corrupt(f"damaged zstd compression: {error}") from error
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


class _GzipReader(io.RawIOBase):
    """Decompresses gzip of any number of members, never more than a buffer at once."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source = source
        self._input = b""
        self._member = zlib.decompressobj(wbits=31)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = b""
        while not data and len(view):
            self._input = self._input or self._source.read(_READ_BYTES)
            is_at_end = not self._input
            if self._member.eof:
                if is_at_end:
                    break
                self._member = zlib.decompressobj(wbits=31)
            data = self._decompress(len(view))
            if is_at_end and not data and not self._member.eof:
                raise Corrupt("damaged gzip compression: it ends too early")
        view[: len(data)] = data
        return len(data)

    def _decompress(self, most: int) -> bytes:
        try:
            data = self._member.decompress(self._input, most)
        except zlib.error as error:
            raise Corrupt(f"damaged gzip compression: {error}") from error
        self._input = self._member.unconsumed_tail or self._member.unused_data
        return data

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


class _PlainReader(io.RawIOBase):
    """Passes a layer's tar on and compares its digest with the diff_id at the end."""

    def __init__(self, source: BinaryIO, blobs: FileBlobStore, layer: Layer) -> None:
        super().__init__()
        self._source = source
        self._blobs = blobs
        self._layer = layer
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._source.read(len(view))
        except Corrupt as error:
            raise self._blame(error.message) from error
        if not data and len(view) and self._hash.hexdigest() != self._layer.diff_id.hex:
            raise self._blame("its content has another digest")
        self._hash.update(data)
        view[: len(data)] = data
        return len(data)

    def _blame(self, message: str) -> Corrupt | DigestMismatch:
        """The error that says whether our blob was damaged or the image was made wrong."""
        descriptor = self._layer.descriptor
        if not self._blobs.verify(descriptor):
            return DigestMismatch(
                f"the blob {descriptor.digest} was damaged and is now removed",
                hint="build, pull or load it again",
            )
        return DigestMismatch(f"layer {descriptor.digest} is not {self._layer.diff_id}: {message}")

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def compress_gzip(
    source: BinaryIO, write: Callable[[bytes], object], workers: int | None = None
) -> None:
    """Compress a stream to the canonical form, on `workers` threads (default: all cores).

    The bytes depend on the content alone. Memory is a few MiB a worker. Raises StoreError if the
    installed codec is not the canonical one."""
    from concurrent.futures import ThreadPoolExecutor

    check_codec()
    workers = workers or len(os.sched_getaffinity(0))
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[bytes]] = deque()
        member = _read_member(source)
        while True:
            pending.append(pool.submit(_compress_member, member))
            member = _read_member(source)
            if not member:
                break
            if len(pending) > 2 * workers:
                write(pending.popleft().result())
        for future in pending:
            write(future.result())


def _read_member(source: BinaryIO) -> bytes:
    """Exactly a member's worth of input, less only at the end."""
    pieces = []
    left = _MEMBER_BYTES
    while left and (piece := source.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _compress_member(data: bytes) -> bytes:
    import deflate

    return bytes(deflate.gzip_compress(data, _LEVEL))


@cache
def check_codec() -> None:
    """Compare the installed codec with the known answer, once. Raises StoreError."""
    if hashlib.sha256(_compress_member(_sample())).hexdigest() != _KNOWN_ANSWER:
        raise StoreError(
            f"the installed compressor does not give the canonical bytes of {CODEC}",
            hint="install the pinned version: pip install deflate==0.9.0; "
            "or export without compression",
        )


def _sample() -> bytes:
    """128 KiB that exercise matches of many lengths, literals and stored blocks."""
    blocks = [hashlib.sha256(b"lithify %d" % number).digest() for number in range(1024)]
    mixed = (
        blocks[number] + blocks[number % 37][: number % 29] + b"%d usr/lib/" % number
        for number in range(1024)
    )
    return b"".join(mixed).ljust(128 * 1024, b"\0") + b"".join(blocks)


def ensure_compressed(store: Store, layer: Layer) -> Descriptor:
    """The canonical compressed blob of a layer; one that came compressed is taken as it is.

    Made once and remembered; of several who ask at the same time one works. Raises StoreError,
    NotFound, DigestMismatch."""
    if layer.descriptor.media_type not in PLAIN_TYPES:
        return layer.descriptor
    with store.lock(f"compress {layer.diff_id}"):
        known = known_compressed(store, layer.diff_id, CODEC)
        if known is not None:
            return known
        with open_plain(store.blobs, layer) as source, store.blobs.writer() as writer:
            compress_gzip(source, writer.write)
            made = writer.commit(MEDIA_LAYER_GZIP)
        store.records.remember_compressed(layer.diff_id, CODEC, made)
    return made


def known_compressed(store: Store, diff_id: Digest, codec: str) -> Descriptor | None:
    """The blob that a codec once made of a layer, if it is in the store or can be fetched."""
    known = store.records.find_compressed(diff_id, codec)
    if known is not None and store.blobs.holds(known):
        return known
    ask = store.blobs.compressed
    return None if ask is None else ask(diff_id, codec)
