"""`docker save`, OCI archives, root file systems; from pipes, compressed, damaged, hostile."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from lithify.cache.archives import import_rootfs, load
from lithify.cache.digest import Digest
from lithify.cache.oci import (
    MEDIA_LAYER,
    MEDIA_LAYER_GZIP,
    MEDIA_LAYER_ZSTD,
    ContainerConfig,
    Descriptor,
    HistoryEntry,
    ImageConfig,
    Manifest,
)
from lithify.cache.platform import Platform
from lithify.cache.store import Store
from lithify.errors import ContentError, Corrupt, DigestMismatch, ImageNotFound, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeImage = Callable[..., Descriptor]
    MakeTar = Callable[[dict[str, bytes]], bytes]

AMD64 = Platform("linux", "amd64")


class Pipe(io.RawIOBase):
    """A stream that cannot seek."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)


def config_of(*layers: bytes) -> bytes:
    return ImageConfig(AMD64, diff_ids=tuple(Digest.of(one) for one in layers)).render()


def docker_files(config: bytes, layers: dict[str, bytes], tags: list[str]) -> dict[str, bytes]:
    name = Digest.of(config).hex + ".json"
    manifest = [{"Config": name, "RepoTags": tags, "Layers": list(layers)}]
    return {**layers, name: config, "manifest.json": json.dumps(manifest).encode()}


@pytest.fixture
def layer(make_tar: MakeTar) -> bytes:
    return make_tar({"etc/motd": b"hello"})


@pytest.fixture
def oci_archive(tmp_path: Path, make_image: MakeImage, make_tar: MakeTar) -> dict[str, bytes]:
    """The files of an OCI archive of one image, blobs first."""
    path = tmp_path / "foreign"
    with Store.open(path, clock=lambda: 0.0) as other:
        other.images.add(make_image(other), ("app:v1", "ghcr.io/a/b:2"))
    blobs = sorted((path / "blobs" / "sha256").iterdir())
    files = {f"blobs/sha256/{blob.name}": blob.read_bytes() for blob in blobs}
    tops = {name: (path / name).read_bytes() for name in ("index.json", "oci-layout")}
    return files | tops


def nothing_is_named_or_left(store: Store) -> bool:
    return store.images.list() == () and not any(store.tmp_dir().iterdir())


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_oci_archive_is_loaded_from_a_pipe(
    store: Store,
    oci_archive: dict[str, bytes],
    make_tar: MakeTar,
    pack: Callable[[bytes], bytes],
) -> None:
    ((names, descriptor),) = load(store, Pipe(pack(make_tar(oci_archive))))  # type: ignore[arg-type]
    assert names == ("docker.io/library/app:v1", "ghcr.io/a/b:2")
    assert store.images.get("app:v1") == descriptor
    resolved = store.images.resolve(descriptor, AMD64, "x")
    assert all(store.blobs.verify(one.descriptor) for one in resolved.layers)
    assert not any(store.tmp_dir().iterdir())


def test_archive_is_loaded_from_a_path(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar, tmp_path: Path
) -> None:
    (tmp_path / "image.tar").write_bytes(make_tar(oci_archive))
    assert load(store, tmp_path / "image.tar")
    with pytest.raises(ImageNotFound, match=r"missing\.tar cannot be opened"):
        load(store, tmp_path / "missing.tar")


def test_order_of_files_does_not_matter(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar
) -> None:
    turned = {f"./{name}": oci_archive[name] for name in reversed(oci_archive)}
    assert len(load(store, io.BytesIO(make_tar(turned)))) == 1


def test_bare_tag_of_an_oci_archive_names_nothing(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar
) -> None:
    index = json.loads(oci_archive["index.json"])
    entry = index["manifests"][0]
    entry["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
    index["manifests"] = [entry]
    oci_archive["index.json"] = json.dumps(index).encode()
    ((names, descriptor),) = load(store, io.BytesIO(make_tar(oci_archive)))
    assert names == ()
    assert store.images.get(descriptor.digest) == descriptor


def test_docker_archive_in_the_old_form_is_loaded(
    store: Store, layer: bytes, make_tar: MakeTar
) -> None:
    files = {"abc/VERSION": b"1.0", "abc/json": b"{}", "repositories": b"{}"}
    files |= docker_files(config_of(layer), {"abc/layer.tar": layer}, ["app:1", "app:2"])
    ((names, descriptor),) = load(store, io.BytesIO(make_tar(files)))
    assert names == ("docker.io/library/app:1", "docker.io/library/app:2")
    (loaded,) = store.images.resolve(descriptor, AMD64, "x").layers
    assert loaded.descriptor == Descriptor(MEDIA_LAYER, Digest.of(layer), len(layer))


def test_docker_archive_with_blobs_is_loaded(store: Store, layer: bytes, make_tar: MakeTar) -> None:
    name = f"blobs/sha256/{Digest.of(layer).hex}"
    files = docker_files(config_of(layer), {name: layer}, [])
    ((names, descriptor),) = load(store, io.BytesIO(make_tar(files)))
    assert names == ()
    assert [image.name for image in store.images.list()] == [None]
    assert store.images.resolve(descriptor, AMD64, "x").layers[0].diff_id == Digest.of(layer)


@pytest.mark.parametrize(
    ("pack", "media_type"),
    [(gzip.compress, MEDIA_LAYER_GZIP), (zstandard.compress, MEDIA_LAYER_ZSTD)],
)
def test_compressed_layers_of_docker_archives_stay_so_and_are_verified(
    store: Store,
    layer: bytes,
    make_tar: MakeTar,
    pack: Callable[[bytes], bytes],
    media_type: str,
) -> None:
    packed = pack(layer)
    files = docker_files(config_of(layer), {"l.tar": packed}, ["app"])
    ((_, descriptor),) = load(store, io.BytesIO(make_tar(files)))
    (loaded,) = store.images.resolve(descriptor, AMD64, "x").layers
    assert loaded.descriptor == Descriptor(media_type, Digest.of(packed), len(packed))
    assert store.records.find_diff_id(Digest.of(packed)) == Digest.of(layer)

    files = docker_files(config_of(b"other"), {"l.tar": packed}, ["wrong"])
    with pytest.raises(DigestMismatch):
        load(store, io.BytesIO(make_tar(files)))
    assert store.images.get("wrong") is None


def test_layers_that_are_links_within_the_archive_are_found(store: Store, layer: bytes) -> None:
    out = io.BytesIO()
    config = config_of(layer, layer, layer)
    names = ["a/layer.tar", "b/layer.tar", "c/layer.tar"]
    files = docker_files(config, {"a/layer.tar": layer}, ["app"])
    manifest = json.loads(files["manifest.json"])
    manifest[0]["Layers"] = names
    files["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, kind, target in (
            ("b/layer.tar", tarfile.SYMTYPE, "../a/layer.tar"),
            ("c/layer.tar", tarfile.LNKTYPE, "a/layer.tar"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    ((_, descriptor),) = load(store, io.BytesIO(out.getvalue()))
    assert len(store.images.resolve(descriptor, AMD64, "x").layers) == 3


def test_links_in_a_circle_end(store: Store, layer: bytes) -> None:
    out = io.BytesIO()
    files = docker_files(config_of(layer), {"a": b""}, ["app"])
    del files["a"]
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, target in (("a", "b"), ("b", "a")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    with pytest.raises(NotFound, match="the archive lacks a"):
        load(store, io.BytesIO(out.getvalue()))
    assert nothing_is_named_or_left(store)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/../../b", ".."])
def test_names_that_lead_out_of_the_archive_are_refused(
    store: Store, make_tar: MakeTar, name: str
) -> None:
    with pytest.raises(Corrupt, match="leads out of the archive"):
        load(store, io.BytesIO(make_tar({name: b"x"})))
    assert nothing_is_named_or_left(store)


def test_blob_whose_name_lies_is_refused(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar
) -> None:
    name = next(iter(oci_archive))
    oci_archive[name] += b" "
    with pytest.raises(DigestMismatch, match="other content than its name says"):
        load(store, io.BytesIO(make_tar(oci_archive)))
    assert nothing_is_named_or_left(store)


def test_missing_blob_leaves_nothing_named(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar
) -> None:
    names = [name for name in oci_archive if name.startswith("blobs/")]
    for missing in names:
        files = {name: data for name, data in oci_archive.items() if name != missing}
        with Store.open(store.root.parent / f"s-{missing[-8:]}", clock=lambda: 0.0) as other:
            with pytest.raises(NotFound, match="lacks"):
                load(other, io.BytesIO(make_tar(files)))
            assert nothing_is_named_or_left(other)


def test_truncated_archives_are_refused(
    store: Store, oci_archive: dict[str, bytes], make_tar: MakeTar
) -> None:
    data = make_tar(oci_archive)
    whole = len(data.rstrip(b"\0"))
    for pack in (bytes, gzip.compress, zstandard.compress):
        packed = pack(data)
        for part in (0.3, 0.6, 0.9):
            cut = packed[: int((whole if pack is bytes else len(packed)) * part)]
            with pytest.raises(ContentError):
                load(store, io.BytesIO(cut))
    assert nothing_is_named_or_left(store)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b'[{"Config": "nowhere"}]',
        b'[{"Config": "c.json", "RepoTags": "app"}]',
        b'[{"Config": "c.json", "RepoTags": ["Not Good"]}]',
        b'[{"Config": "c.json", "Layers": [1]}]',
        b'[{"Config": "c.json", "Layers": ["a", "b"]}]',
        b'[{"Config": "../../etc/shadow", "Layers": []}]',
    ],
)
def test_hostile_manifest_is_a_clean_error(
    store: Store, make_tar: MakeTar, layer: bytes, manifest: bytes
) -> None:
    files = {"c.json": config_of(layer), "manifest.json": manifest}
    with pytest.raises(ContentError):
        load(store, io.BytesIO(make_tar(files)))
    assert nothing_is_named_or_left(store)


def test_huge_manifest_is_refused(store: Store, make_tar: MakeTar) -> None:
    files = {"manifest.json": b" " * (9 * 1024 * 1024)}
    with pytest.raises(Corrupt, match="too large"):
        load(store, io.BytesIO(make_tar(files)))


def test_tar_that_is_no_image_is_refused_with_advice(store: Store, make_tar: MakeTar) -> None:
    with pytest.raises(Corrupt, match="neither manifest.json nor index.json") as caught:
        load(store, io.BytesIO(make_tar({"etc/passwd": b"root"})))
    assert "lithify import" in caught.value.hint


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_root_file_system_becomes_an_image_of_one_layer(
    store: Store, layer: bytes, pack: Callable[[bytes], bytes]
) -> None:
    config = ImageConfig(
        AMD64, ContainerConfig(cmd=("sh",)), history=(HistoryEntry(created_by="import"),)
    )
    descriptor = import_rootfs(store, io.BytesIO(pack(layer)), config)
    resolved = store.images.resolve(descriptor, AMD64, "x")
    assert resolved.config.config.cmd == ("sh",)
    (made,) = resolved.layers
    assert made.diff_id == made.descriptor.digest == Digest.of(layer)
    assert store.blobs.read(made.diff_id) == layer
    assert Manifest.parse(store.blobs.read(descriptor.digest)).descriptor == descriptor


def test_root_file_system_that_is_no_tar_or_cut_off_is_refused(store: Store, layer: bytes) -> None:
    for data in (b"#!/bin/sh\n" * 200, layer[:700]):
        with pytest.raises(Corrupt):
            import_rootfs(store, io.BytesIO(data), ImageConfig(AMD64))
    assert store.blobs.digests() == ()
    assert nothing_is_named_or_left(store)
