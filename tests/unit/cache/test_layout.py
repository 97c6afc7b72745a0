"""Foreign layouts are believed only as far as their digests."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.cache.digest import Digest
from lithify.cache.layout import import_layout, parse_layout_reference
from lithify.cache.oci import MEDIA_INDEX, Descriptor, Index, Manifest
from lithify.cache.platform import Platform
from lithify.cache.store import Store
from lithify.errors import (
    ContentError,
    Corrupt,
    DigestMismatch,
    ImageNotFound,
    NotFound,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeImage = Callable[..., Descriptor]

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oci-layout:///a/b", (Path("/a/b"), None)),
        ("oci-layout://a", (Path("a"), None)),
        ("./dir:tag", (Path("dir"), "tag")),
        (f"oci-layout:///a@sha256:{HEX}", (Path("/a"), f"sha256:{HEX}")),
        (f"oci-layout:///a:tag@sha256:{HEX}", (Path("/a"), f"sha256:{HEX}")),
        ("oci-layout:///a:b/c", (Path("/a:b/c"), None)),
        ("oci-layout:///a:b/c:d", (Path("/a:b/c"), "d")),
    ],
)
def test_reference_is_a_folder_and_perhaps_a_selector(
    text: str, expected: tuple[Path, str | None]
) -> None:
    assert parse_layout_reference(text) == expected


def test_a_tag_may_be_a_full_image_name_after_a_folder_that_exists(tmp_path: Path) -> None:
    text = f"oci-layout://{tmp_path}:docker.io/library/app:v1"
    assert parse_layout_reference(text) == (tmp_path, "docker.io/library/app:v1")


def test_a_folder_with_a_colon_in_its_name_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    assert parse_layout_reference(f"oci-layout://{folder}") == (folder, None)
    assert parse_layout_reference(f"oci-layout://{folder}:v1") == (folder, "v1")


@pytest.mark.parametrize(
    "text", ["", "oci-layout://", ":tag", "a:", f"a@sha256:{HEX}00", "a@sha256:short"]
)
def test_bad_reference_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        parse_layout_reference(text)


@pytest.fixture
def foreign(tmp_path: Path, make_image: MakeImage) -> tuple[Path, Descriptor]:
    """A layout with one image tagged `v1`; our own store serves as one."""
    path = tmp_path / "foreign"
    with Store.open(path, clock=lambda: 0.0) as other:
        image = make_image(other, "foreign")
        other.images.tag("app:v1", image)
    return path, image


def blob_path(layout: Path, digest: Digest) -> Path:
    return layout / "blobs" / "sha256" / digest.hex


def layer_of(layout: Path, image: Descriptor) -> Descriptor:
    return Manifest.parse(blob_path(layout, image.digest).read_bytes()).layers[0]


def write_index(layout: Path, *entries: Descriptor) -> None:
    (layout / "index.json").write_bytes(Index.make(entries).raw)


@pytest.mark.parametrize("selector", [None, "v1", "docker.io/library/app:v1"])
def test_image_is_copied_whole_and_stays_unnamed(
    store: Store, foreign: tuple[Path, Descriptor], selector: str | None
) -> None:
    path, image = foreign
    assert import_layout(store, path, selector) == image
    resolved = store.images.resolve(image, Platform("linux", "amd64"), "x")
    assert all(store.blobs.verify(layer.descriptor) for layer in resolved.layers)
    assert store.images.list() == ()


def test_image_is_found_by_digest_though_no_index_lists_it(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    path, image = foreign
    write_index(path)
    assert import_layout(store, path, image.digest) == image


def test_missing_tag_names_those_that_are_there(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    with pytest.raises(ImageNotFound, match="no image tagged v2") as caught:
        import_layout(store, foreign[0], "v2")
    assert "v1" in caught.value.hint
    with pytest.raises(ImageNotFound, match="has no image sha256"):
        import_layout(store, foreign[0], f"sha256:{HEX}")


def test_of_several_images_the_one_tagged_latest_is_the_default(
    store: Store, tmp_path: Path, make_image: MakeImage
) -> None:
    path = tmp_path / "foreign"
    with Store.open(path, clock=lambda: 0.0) as other:
        other.images.tag("app:old", make_image(other, "old"))
        other.images.tag("app:new", make_image(other, "new"))
    with pytest.raises(ImageNotFound, match="no image tagged latest"):
        import_layout(store, path, None)
    with Store.open(path, clock=lambda: 0.0) as other:
        latest = make_image(other, "latest")
        other.images.tag("app", latest)
    assert import_layout(store, path, None) == latest


def test_index_may_lack_platforms_but_not_all(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    path, image = foreign
    absent = Descriptor(image.media_type, Digest.of(b"absent"), 10, Platform("linux", "arm64"))
    for children, is_complete in (((image, absent), True), ((absent,), False)):
        index = Index.make(children)
        blob_path(path, index.descriptor.digest).write_bytes(index.raw)
        write_index(path, Descriptor(MEDIA_INDEX, index.descriptor.digest, len(index.raw)))
        if is_complete:
            assert import_layout(store, path, None).media_type == MEDIA_INDEX
        else:
            with pytest.raises(NotFound, match="none of the images"):
                import_layout(store, path, None)


@pytest.mark.parametrize("content", [b"", b"short", b"X" * 10240])
def test_blob_with_other_content_is_refused(
    store: Store, foreign: tuple[Path, Descriptor], content: bytes
) -> None:
    path, image = foreign
    layer = layer_of(path, image)
    assert layer.size == 10240
    blob_path(path, layer.digest).write_bytes(content)
    with pytest.raises(DigestMismatch):
        import_layout(store, path, None)
    assert not store.blobs.has(layer.digest)
    assert not any(store.tmp_dir().iterdir())


def test_endless_blob_is_read_no_further_than_its_size(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    path, image = foreign
    with blob_path(path, layer_of(path, image).digest).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DigestMismatch, match="has not the size"):
        import_layout(store, path, None)


def test_blob_that_is_a_symlink_is_refused(
    store: Store, foreign: tuple[Path, Descriptor], tmp_path: Path
) -> None:
    path, image = foreign
    blob = blob_path(path, layer_of(path, image).digest)
    moved = blob.rename(tmp_path / "elsewhere")
    blob.symlink_to(moved)
    with pytest.raises(Corrupt, match="cannot be opened"):
        import_layout(store, path, None)


@pytest.mark.parametrize("name", ["blobs", "blobs/sha256", "index.json", "oci-layout"])
def test_part_of_a_layout_that_is_a_symlink_is_refused(
    store: Store, foreign: tuple[Path, Descriptor], tmp_path: Path, name: str
) -> None:
    part = foreign[0] / name
    moved = part.rename(tmp_path / "elsewhere")
    part.symlink_to(moved)
    with pytest.raises(ContentError):
        import_layout(store, foreign[0], None)


def test_layout_may_itself_be_reached_through_a_symlink(
    store: Store, foreign: tuple[Path, Descriptor], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(foreign[0])
    assert import_layout(store, tmp_path / "link", None) == foreign[1]


def test_fifo_in_place_of_a_blob_does_not_hang(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    path, image = foreign
    blob = blob_path(path, layer_of(path, image).digest)
    blob.unlink()
    os.mkfifo(blob)
    with pytest.raises(Corrupt, match="not a regular file"):
        import_layout(store, path, None)


def test_huge_index_is_refused(store: Store, foreign: tuple[Path, Descriptor]) -> None:
    with (foreign[0] / "index.json").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(Corrupt, match="too large"):
        import_layout(store, foreign[0], None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        '{"manifests": [1]}',
        '{"manifests": [{"digest": "sha256:../../etc/passwd", "size": 1}]}',
        '{"manifests": [{"digest": "md5:aa", "size": 1}]}',
        '{"manifests": [{"digest": "sha256:' + HEX + '", "size": -1}]}',
        '{"manifests": [{"digest": "sha256:' + HEX + '", "size": 1, "mediaType": "x/y"}]}',
    ],
)
def test_hostile_index_is_a_clean_error(
    store: Store, foreign: tuple[Path, Descriptor], text: str
) -> None:
    (foreign[0] / "index.json").write_text(text)
    with pytest.raises(Corrupt):
        import_layout(store, foreign[0], None)


def test_manifest_that_is_its_own_config_is_a_clean_error(
    store: Store, foreign: tuple[Path, Descriptor]
) -> None:
    raw = json.dumps({"schemaVersion": 2, "config": 7}).encode()
    digest = Digest.of(raw)
    blob_path(foreign[0], digest).write_bytes(raw)
    with pytest.raises(Corrupt):
        import_layout(store, foreign[0], digest)


def test_folder_that_is_no_layout_is_a_clear_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match="cannot be opened"):
        import_layout(store, tmp_path / "missing", None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="oci-layout does not exist"):
        import_layout(store, tmp_path / "empty", None)
