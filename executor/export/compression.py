"""Owns the choice of a layer's form in an export: as stored, gzip, or zstd.

Whatever is made is remembered under its codec's full name, so that the same layer is compressed
once. It refuses to compress again what came compressed, unless asked to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.compression import (
    CODEC,
    PLAIN_TYPES,
    compress_gzip,
    ensure_compressed,
    known_compressed,
    open_plain,
)
from lithify.cache.oci import MEDIA_LAYER, MEDIA_LAYER_GZIP, MEDIA_LAYER_ZSTD

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from lithify.cache.oci import Descriptor
    from lithify.cache.ports import Layer
    from lithify.cache.store import Store
    from lithify.executor.export.options import ImageOptions

_ZSTD_LEVEL = 3
_CHUNK = 1024 * 1024


def layer_blob(store: Store, layer: Layer, options: ImageOptions) -> Descriptor:
    """The blob of a layer in the form that the options ask for. Raises StoreError, ContentError."""
    is_plain = layer.descriptor.media_type in PLAIN_TYPES
    if not is_plain and not options.force_compression:
        return layer.descriptor
    if options.compression == "uncompressed":
        if is_plain:
            return layer.descriptor
        return _remade(store, layer, "plain", MEDIA_LAYER, _copy)
    if options.compression == "gzip":
        if is_plain:
            return ensure_compressed(store, layer)
        return _remade(store, layer, CODEC, MEDIA_LAYER_GZIP, compress_gzip)
    level = options.level or _ZSTD_LEVEL
    return _remade(store, layer, _zstd_codec(level), MEDIA_LAYER_ZSTD, _zstd_writer(level))


def codec_of(options: ImageOptions) -> str:
    """The full name of what makes the form that the options ask for of a plain layer; '' for the plain one."""
    if options.compression == "uncompressed":
        return ""
    return CODEC if options.compression == "gzip" else _zstd_codec(options.level or _ZSTD_LEVEL)


def _remade(
    store: Store,
    layer: Layer,
    codec: str,
    media_type: str,
    encode: Callable[[BinaryIO, Callable[[bytes], object]], object],
) -> Descriptor:
    with store.lock(f"compress {codec} {layer.diff_id}"):
        known = known_compressed(store, layer.diff_id, codec)
        if known is not None:
            return known
        with open_plain(store.blobs, layer) as source, store.blobs.writer() as writer:
            encode(source, writer.write)
            made = writer.commit(media_type)
        store.records.remember_compressed(layer.diff_id, codec, made)
    return made


def _copy(source: BinaryIO, write: Callable[[bytes], object]) -> None:
    while data := source.read(_CHUNK):
        write(data)


def _zstd_codec(level: int) -> str:
    import zstandard

    version = ".".join(str(part) for part in zstandard.ZSTD_VERSION)
    return f"zstd-{version}-{level}-v1"


def _zstd_writer(level: int) -> Callable[[BinaryIO, Callable[[bytes], object]], None]:
    def encode(source: BinaryIO, write: Callable[[bytes], object]) -> None:
        import zstandard

        compressor = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()
        while data := source.read(_CHUNK):
            write(compressor.compress(data))
        write(compressor.flush())

    return encode
