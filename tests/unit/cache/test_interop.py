"""Other tools read the store as it lies, and we read what they write."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lithify.cache.archives import load
from lithify.cache.compression import ensure_compressed
from lithify.cache.layout import import_layout
from lithify.cache.oci import Manifest
from lithify.cache.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.cache.oci import Descriptor
    from lithify.cache.store import Store

    MakeImage = Callable[..., Descriptor]

pytestmark = pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not installed")
AMD64 = Platform("linux", "amd64")


def skopeo(*words: str) -> str:
    ended = subprocess.run(["skopeo", *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def copy(source: str, target: str) -> None:
    skopeo("--insecure-policy", "copy", "--quiet", source, target)


@pytest.fixture
def image(store: Store, make_image: MakeImage) -> Descriptor:
    """An image with a compressed layer, as exporters leave it, beside another one."""
    store.images.tag("other", make_image(store, "other"))
    plain = store.images.resolve(make_image(store), AMD64, "x")
    layers = tuple(ensure_compressed(store, layer) for layer in plain.layers)
    config = Manifest.parse(store.blobs.read(plain.manifest.digest)).config
    manifest = Manifest.make(config, layers)
    descriptor = store.blobs.put(manifest.raw, manifest.media_type)
    store.images.tag("app:v1", descriptor)
    return descriptor


def test_store_is_read_as_it_lies(store: Store, image: Descriptor) -> None:
    shown = json.loads(skopeo("inspect", f"oci:{store.root}:docker.io/library/app:v1"))
    assert shown["Digest"] == image.digest
    assert shown["Architecture"] == "amd64"


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_archive_written_by_another_tool_is_loaded(
    store: Store, image: Descriptor, tmp_path: Path, transport: str
) -> None:
    archive = tmp_path / "image.tar"
    source = f"oci:{store.root}:docker.io/library/app:v1"
    copy(source, f"{transport}:{archive}:docker.io/library/copy:v2")
    ((names, descriptor),) = load(store, archive)
    assert names == ("docker.io/library/copy:v2",)
    expected = store.images.resolve(image, AMD64, "x")
    loaded = store.images.resolve(descriptor, AMD64, "x")
    assert loaded.config == expected.config
    assert all(store.blobs.verify(layer.descriptor) for layer in loaded.layers)


def test_layout_written_by_another_tool_is_imported(
    store: Store, image: Descriptor, tmp_path: Path
) -> None:
    source = f"oci:{store.root}:docker.io/library/app:v1"
    copy(source, f"oci:{tmp_path}/layout:v1")
    assert import_layout(store, tmp_path / "layout", "v1").digest == image.digest
