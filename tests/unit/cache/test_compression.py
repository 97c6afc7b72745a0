"""One canonical compressed form; any other is read only as far as its diff_id is right."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import threading
from typing import TYPE_CHECKING

import deflate
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.cache.compression import (
    CODEC,
    check_codec,
    compress_gzip,
    ensure_compressed,
    layer_media_type,
    open_decompressed,
    open_plain,
)
from lithify.cache.digest import Digest
from lithify.cache.oci import (
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_LAYER_ZSTD,
    Descriptor,
)
from lithify.cache.ports import Layer
from lithify.errors import Corrupt, DigestMismatch, StoreError

if TYPE_CHECKING:
    from lithify.cache.store import Store

MIB = 1024 * 1024


class Trickle(io.RawIOBase):
    """Gives a stream in pieces of odd sizes."""

    def __init__(self, data: bytes, seed: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._random = random.Random(seed)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._random.randint(1, 100_000)))


def sample(size: int) -> bytes:
    pieces = (
        hashlib.sha256(b"%d" % (n % 1000)).hexdigest().encode() for n in range(size // 64 + 1)
    )
    return b"".join(pieces)[:size]


def compressed(data: bytes, workers: int = 2) -> bytes:
    out = io.BytesIO()
    compress_gzip(io.BytesIO(data), out.write, workers)
    return out.getvalue()


def put_layer(store: Store, data: bytes, plain: bytes, media_type: str) -> Layer:
    return Layer(store.blobs.put(data, media_type), Digest.of(plain))


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 12345])
def test_canonical_form_is_gzip_of_the_same_content(size: int) -> None:
    data = sample(size)
    assert gzip.decompress(compressed(data)) == data


def test_bytes_depend_neither_on_threads_nor_on_feeding() -> None:
    data = sample(5 * MIB + 77)
    expected = compressed(data, 1)
    assert compressed(data, 2) == expected
    assert compressed(data, 7) == expected
    out = io.BytesIO()
    compress_gzip(Trickle(data, 1), out.write)  # type: ignore[arg-type]
    assert out.getvalue() == expected


def test_bytes_are_those_of_every_other_machine() -> None:
    digest = hashlib.sha256(compressed(sample(2 * MIB + 5))).hexdigest()
    assert digest == "3d6c20f0e9c513c9a387ab93351879b4b1ab3bb24cc179b644ac0635c796cbd6"


def test_members_have_a_fixed_header_without_name_or_time() -> None:
    data = compressed(sample(2 * MIB + 5))
    header = bytes.fromhex("1f8b08000000000000ff")
    assert data.startswith(header)
    assert data.count(header) == 3


def test_other_codec_is_found_out_at_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    check_codec.cache_clear()
    original = deflate.gzip_compress
    monkeypatch.setattr(deflate, "gzip_compress", lambda data, level: original(data, level + 1))
    try:
        with pytest.raises(StoreError, match="canonical bytes") as caught:
            compressed(b"x")
    finally:
        check_codec.cache_clear()
    assert "deflate==0.9.0" in caught.value.hint


@pytest.mark.parametrize("form", ["plain", "gzip", "members", "zstd", "frames", "skippable"])
def test_layer_of_any_form_is_read_as_its_tar(store: Store, form: str) -> None:
    plain = sample(3 * MIB + 9)
    half = len(plain) // 2
    data, media_type = {
        "plain": (plain, MEDIA_LAYER),
        "gzip": (gzip.compress(plain, 1), MEDIA_DOCKER_LAYER_GZIP),
        "members": (compressed(plain), MEDIA_LAYER_GZIP),
        "zstd": (zstandard.compress(plain), MEDIA_LAYER_ZSTD),
        "frames": (
            zstandard.compress(plain[:half]) + zstandard.compress(plain[half:]),
            MEDIA_LAYER_ZSTD,
        ),
        "skippable": (
            b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstandard.compress(plain),
            MEDIA_LAYER_ZSTD,
        ),
    }[form]
    with open_plain(store.blobs, put_layer(store, data, plain, media_type)) as stream:
        assert stream.read() == plain


def test_plain_tar_that_is_called_compressed_is_read(store: Store) -> None:
    with open_plain(store.blobs, put_layer(store, b"tar", b"tar", MEDIA_LAYER_GZIP)) as stream:
        assert stream.read() == b"tar"


def test_unknown_type_of_layer_is_refused(store: Store) -> None:
    layer = put_layer(store, b"tar", b"tar", "application/vnd.in-toto+json")
    with pytest.raises(Corrupt, match="unknown type of layer"):
        open_plain(store.blobs, layer)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_layer_that_is_not_its_diff_id_is_refused_at_the_end(store: Store, pack: type) -> None:
    data = pack(b"evil")
    layer = put_layer(store, data, b"good", layer_media_type(data))
    with open_plain(store.blobs, layer) as stream, pytest.raises(DigestMismatch, match="is not"):
        stream.read()
    assert store.blobs.holds(layer.descriptor), "the image is wrong, the store is not damaged"


@pytest.mark.parametrize("pack", [compressed, zstandard.compress])
def test_truncated_blob_is_refused_and_removed(store: Store, pack: type) -> None:
    plain = sample(2 * MIB)
    data = pack(plain)
    layer = put_layer(store, data, plain, layer_media_type(data))
    store.blobs.path(layer.descriptor.digest).write_bytes(data[: len(data) // 2])
    with open_plain(store.blobs, layer) as stream, pytest.raises(DigestMismatch, match="damaged"):
        stream.read()
    assert not store.blobs.has(layer.descriptor.digest)


@given(st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_hostile_compression_gives_bytes_or_a_clean_error(noise: bytes, cut: int) -> None:
    for data in (gzip.compress(noise)[:cut] + noise, zstandard.compress(noise)[:cut] + noise):
        try:
            open_decompressed(io.BytesIO(data)).read()
        except Corrupt:
            continue


def test_bombs_are_read_in_bounded_pieces() -> None:
    for bomb in (gzip.compress(bytes(64 * MIB), 9), zstandard.compress(bytes(64 * MIB))):
        stream = open_decompressed(io.BytesIO(bomb))
        assert stream.read(1000) == bytes(1000)
        total = 1000
        while data := stream.read(MIB):
            total += len(data)
        assert total == 64 * MIB


def test_zstd_with_a_huge_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    packer = compressor.compressobj()
    data = packer.compress(b"x" * 1000) + packer.flush()
    with pytest.raises(Corrupt, match="zstd"):
        open_decompressed(io.BytesIO(data)).read()


def test_layer_is_compressed_once_and_remembered(store: Store) -> None:
    plain = sample(MIB + 1)
    layer = put_layer(store, plain, plain, MEDIA_LAYER)
    made = ensure_compressed(store, layer)
    assert made.media_type == MEDIA_LAYER_GZIP
    assert store.blobs.read(made.digest) == compressed(plain)
    assert store.records.find_compressed(layer.diff_id, CODEC) == made
    before = store.blobs.path(made.digest).stat().st_ino
    assert ensure_compressed(store, layer) == made
    assert store.blobs.path(made.digest).stat().st_ino == before


def test_lost_compressed_blob_is_made_again(store: Store) -> None:
    layer = put_layer(store, b"tar", b"tar", MEDIA_LAYER)
    made = ensure_compressed(store, layer)
    store.blobs.delete(made.digest)
    assert ensure_compressed(store, layer) == made
    assert store.blobs.holds(made)


def test_layer_that_came_compressed_is_kept_as_it_is(store: Store) -> None:
    layer = put_layer(store, gzip.compress(b"tar"), b"tar", MEDIA_LAYER_GZIP)
    assert ensure_compressed(store, layer) == layer.descriptor


def test_damaged_layer_is_never_compressed(store: Store) -> None:
    layer = put_layer(store, b"tar", b"tar", MEDIA_LAYER)
    store.blobs.path(layer.descriptor.digest).write_bytes(b"TAR")
    with pytest.raises(DigestMismatch):
        ensure_compressed(store, layer)
    assert store.records.find_compressed(layer.diff_id, CODEC) is None


def test_of_several_threads_all_get_the_same_blob(store: Store) -> None:
    plain = sample(MIB)
    layer = put_layer(store, plain, plain, MEDIA_LAYER)
    made: list[Descriptor] = []
    threads = [
        threading.Thread(target=lambda: made.append(ensure_compressed(store, layer)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 3
    assert len(set(made)) == 1
