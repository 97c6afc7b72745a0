"""Exports: what is written, that it is always the same, and that destinations can't be abused."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from lithify.cache.digest import Digest
from lithify.cache.oci import ContainerConfig, HistoryEntry, Index, Manifest
from lithify.cache.platform import Platform
from lithify.compiler.plan import PlannedImage
from lithify.errors import BuildError, LithifyError, UsageError
from lithify.executor.assemble import assemble
from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.export.ports import ExportImage, ExportRequest, exporter_for

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.cache.ports import Layer
    from tests.layers.conftest import Workshop

AMD64 = Platform("linux", "amd64")
ARM = Platform("linux", "arm", "v7")
NAME = "docker.io/library/app:1"


def image(workshop: Workshop, *layers: Layer, platform: Platform = AMD64) -> ExportImage:
    history = tuple(HistoryEntry(created_by=str(number)) for number in range(len(layers)))
    planned = PlannedImage(platform, None, ContainerConfig(), history)
    manifest, config = assemble(workshop.store, planned, layers)
    return ExportImage(manifest, config, layers, platform)


def simple(workshop: Workshop, platform: Platform = AMD64, text: str = "hello") -> ExportImage:
    layer = workshop.layer(
        Entry("d", Kind.DIRECTORY, 0o755),
        Entry("d/f", Kind.FILE, 0o640, uid=5, content=Bytes(text.encode())),
        Entry("d/h", Kind.HARDLINK, target="d/f"),
        Entry("l", Kind.SYMLINK, target="d/f"),
    )
    return image(workshop, layer, platform=platform)


def export(
    workshop: Workshop,
    kind: str,
    *images: ExportImage,
    dest: str = "-",
    names: tuple[str, ...] = (NAME,),
    epoch_s: int | None = None,
    **options: str,
) -> tuple[bytes, Digest | None]:
    out = io.BytesIO()
    given = {name.replace("_", "-"): value for name, value in options.items()}
    request = ExportRequest(workshop.store, images, names, dest, given, out, epoch_s)
    digest = exporter_for(kind).export(request)
    return out.getvalue(), digest


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert {one.mtime for one in archive.getmembers()} == {0}
        assert archive.getnames() == sorted(archive.getnames())
        files = [one for one in archive.getmembers() if one.isfile()]
        return {one.name: archive.extractfile(one).read() for one in files}  # type: ignore[union-attr]


def check_blobs(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{Digest.of(data).hex}"


def test_an_oci_archive_is_complete_and_always_the_same(workshop: Workshop) -> None:
    one = simple(workshop)
    data, digest = export(workshop, "oci", one)
    files = members(data)
    check_blobs(files)
    assert files["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}'
    (named,) = Index.parse(files["index.json"]).manifests
    assert named.digest == digest
    assert named.annotation == {
        "io.containerd.image.name": NAME,
        "org.opencontainers.image.created": "1980-01-01T00:00:00Z",
        "org.opencontainers.image.ref.name": "1",
    }
    manifest = Manifest.parse(files[f"blobs/sha256/{named.digest.hex}"])
    assert manifest.layers[0].media_type.endswith("tar+gzip")
    tar = gzip.decompress(files[f"blobs/sha256/{manifest.layers[0].digest.hex}"])
    assert Digest.of(tar) == one.layers[0].diff_id
    assert export(workshop, "oci", one) == (data, digest)


@pytest.mark.parametrize(("compression", "suffix"), [("uncompressed", "tar"), ("zstd", "tar+zstd")])
def test_compression_can_be_chosen(workshop: Workshop, compression: str, suffix: str) -> None:
    data, digest = export(workshop, "oci", simple(workshop), compression=compression)
    files = members(data)
    check_blobs(files)
    assert digest is not None
    manifest = Manifest.parse(files[f"blobs/sha256/{digest.hex}"])
    assert manifest.layers[0].media_type.endswith(suffix)
    assert export(workshop, "oci", simple(workshop), compression=compression)[0] == data


def test_force_compression_remakes_layers_that_came_compressed(workshop: Workshop) -> None:
    from lithify.cache.oci import MEDIA_LAYER_GZIP
    from lithify.cache.ports import Layer

    plain = workshop.layer(Entry("f", Kind.FILE, content=Bytes(b"f")))
    packed = workshop.store.blobs.put(gzip.compress(workshop.tar(plain), 1), MEDIA_LAYER_GZIP)
    one = image(workshop, Layer(packed, plain.diff_id))
    kept, _ = export(workshop, "oci", one)
    assert f"blobs/sha256/{packed.digest.hex}" in members(kept)
    made, _ = export(workshop, "oci", one, force_compression="true")
    assert f"blobs/sha256/{packed.digest.hex}" not in members(made)
    bare, _ = export(workshop, "oci", one, force_compression="1", compression="uncompressed")
    assert members(bare)[f"blobs/sha256/{plain.diff_id.hex}"] == workshop.tar(plain)


def test_several_platforms_make_an_index(workshop: Workshop) -> None:
    data, digest = export(workshop, "oci", simple(workshop), simple(workshop, ARM), names=())
    files = members(data)
    check_blobs(files)
    assert digest is not None
    index = Index.parse(files[f"blobs/sha256/{digest.hex}"])
    assert [one.platform for one in index.manifests] == [AMD64, ARM]


def test_docker_media_types_can_be_asked_for(workshop: Workshop) -> None:
    data, digest = export(workshop, "oci", simple(workshop), oci_mediatypes="false")
    assert digest is not None
    document = json.loads(members(data)[f"blobs/sha256/{digest.hex}"])
    types = {document["mediaType"], document["config"]["mediaType"]}
    types |= {layer["mediaType"] for layer in document["layers"]}
    assert all(one.startswith("application/vnd.docker.") for one in types)


def test_annotations_go_where_they_are_sent(workshop: Workshop) -> None:
    given = {
        "annotation.a": "1",
        "annotation[linux/amd64].a": "2",
        "annotation-manifest-descriptor.b": "3",
    }
    data, digest = export(workshop, "oci", simple(workshop), **given)
    files = members(data)
    assert digest is not None
    assert Manifest.parse(files[f"blobs/sha256/{digest.hex}"]).annotations == (("a", "2"),)
    assert Index.parse(files["index.json"]).manifests[0].annotation["b"] == "3"


def test_a_docker_archive_names_config_and_layers(workshop: Workshop) -> None:
    files = members(export(workshop, "docker", simple(workshop))[0])
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["app:1"]
    assert entry["Config"] in files and set(entry["Layers"]) <= set(files)


def test_a_docker_archive_refuses_several_platforms(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="manifest lists"):
        export(workshop, "docker", simple(workshop), simple(workshop, ARM))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("oci", {"compression": "estargz"}, "compression type"),
        ("oci", {"compression_level": "9"}, "compression-level"),
        ("oci", {"compression": "zstd", "oci_mediatypes": "false"}, "conflicts"),
        ("oci", {"annotation.a": "1", "oci_mediatypes": "false"}, "annotations"),
        ("oci", {"annotation-index.a": "1"}, "single platform"),
        ("oci", {"annotation[linux/arm64].a": "1"}, "no platform linux/arm64"),
        ("oci", {"annotation-nonsense.a": "1"}, "unknown annotation"),
        ("oci", {"unpack": "true"}, "unpack"),
        ("oci", {"tar": "maybe"}, "non-bool"),
        ("tar", {"compression": "gzip"}, "unsupported output option"),
        ("local", {"mode": "move"}, "mode"),
        ("local", {}, "needs a directory"),
        ("nonsense", {}, "unknown output type"),
    ],
)
def test_options_that_cannot_be_honoured_are_refused(
    workshop: Workshop, kind: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        export(workshop, kind, simple(workshop), **options)


def test_an_archive_appears_whole_or_not_at_all(workshop: Workshop, tmp_path: Path) -> None:
    dest = tmp_path / "out" / "image.tar"
    with pytest.raises(UsageError, match="does not exist"):
        export(workshop, "oci", simple(workshop), dest=str(dest))
    dest.parent.mkdir()
    export(workshop, "oci", simple(workshop), dest=str(dest))
    before = dest.read_bytes()
    broken = simple(workshop, text="other")
    workshop.store.blobs.delete(broken.layers[0].descriptor.digest)
    with pytest.raises(LithifyError):
        export(workshop, "oci", broken, dest=str(dest))
    assert dest.read_bytes() == before
    assert os.listdir(dest.parent) == ["image.tar"]


def test_a_layout_directory_keeps_its_other_images(workshop: Workshop, tmp_path: Path) -> None:
    dest = tmp_path / "layout"
    first = simple(workshop, text="1")
    export(workshop, "oci", first, dest=str(dest), tar="false")
    export(
        workshop,
        "oci",
        simple(workshop, text="2"),
        dest=str(dest),
        tar="false",
        names=("x.io/b:2",),
    )
    names = [
        one.annotation["io.containerd.image.name"]
        for one in Index.parse((dest / "index.json").read_bytes()).manifests
    ]
    assert names == [NAME, "x.io/b:2"]
    export(workshop, "oci", simple(workshop, text="3"), dest=str(dest), tar="false")
    assert len(Index.parse((dest / "index.json").read_bytes()).manifests) == 2
    blobs = {f"blobs/sha256/{p.name}": p.read_bytes() for p in (dest / "blobs/sha256").iterdir()}
    check_blobs(blobs)


@pytest.mark.root
def test_the_tar_output_is_the_whole_file_system(workshop: Workshop) -> None:
    data, digest = export(workshop, "tar", simple(workshop))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["d", "d/f", "d/h", "l"]
        assert archive.getmember("d/h").islnk()
        assert (archive.getmember("d/f").uid, archive.getmember("d/f").mtime) == (5, 315532800)
    assert digest is None
    split, _ = export(workshop, "tar", simple(workshop), simple(workshop, ARM), epoch_s=99)
    with tarfile.open(fileobj=io.BytesIO(split)) as archive:
        assert "linux_amd64/d/f" in archive.getnames()
        assert archive.getmember("linux_arm_v7/d/h").linkname == "linux_arm_v7/d/f"
        assert {one.mtime for one in archive.getmembers()} == {99}
    assert export(workshop, "tar", image(workshop))[0] == bytes(1024)


@pytest.mark.root
def test_platforms_that_collide_are_refused(workshop: Workshop) -> None:
    with pytest.raises(BuildError, match="cannot overwrite .+ from linux/amd64 with linux/arm/v7"):
        export(workshop, "tar", simple(workshop), simple(workshop, ARM), platform_split="false")


@pytest.mark.root
def test_the_local_output_never_follows_links(workshop: Workshop, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "f").write_text("precious")
    dest = tmp_path / "dest"
    dest.mkdir()
    (dest / "d").symlink_to(victim)
    (dest / "l").symlink_to(victim / "f")
    (dest / "own").write_text("kept")
    export(workshop, "local", simple(workshop), dest=str(dest))
    assert (victim / "f").read_text() == "precious"
    assert (dest / "d" / "f").read_text() == "hello"
    assert os.readlink(dest / "l") == "d/f"
    assert (dest / "d" / "h").stat().st_ino == (dest / "d" / "f").stat().st_ino
    assert (dest / "d" / "f").stat().st_uid == 0
    assert oct((dest / "d" / "f").stat().st_mode) == "0o100640"
    assert (dest / "d").stat().st_mtime == 315532800
    assert (dest / "own").exists()
    export(workshop, "local", simple(workshop), dest=str(dest), mode="delete")
    assert sorted(os.listdir(dest)) == ["d", "l"]
    assert (dest / "d" / "h").exists()
