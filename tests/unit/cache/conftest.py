"""A fresh store, and images to put into it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from lithify.cache.oci import MEDIA_CONFIG, MEDIA_LAYER, ContainerConfig, ImageConfig, Manifest
from lithify.cache.platform import Platform
from lithify.cache.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lithify.cache.oci import Descriptor


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    with Store.open(root, clock=lambda: 1000.0) as store:
        yield store


@pytest.fixture
def make_tar() -> Callable[[dict[str, bytes]], bytes]:
    def make(files: dict[str, bytes]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    return make


@pytest.fixture
def make_image(
    make_tar: Callable[[dict[str, bytes]], bytes],
) -> Callable[..., Descriptor]:
    """Put an image of one layer into a store; `text` makes it differ."""

    def make(store: Store, text: str = "hello", platform: str = "linux/amd64") -> Descriptor:
        layer = store.blobs.put(make_tar({"etc/motd": text.encode()}), MEDIA_LAYER)
        os_name, architecture = platform.split("/")
        config = ImageConfig(
            Platform(os_name, architecture),
            ContainerConfig(cmd=("/bin/sh",)),
            (layer.digest,),
            created="1980-01-01T00:00:00Z",
        )
        described = store.blobs.put(config.render(), MEDIA_CONFIG)
        manifest = Manifest.make(described, (layer,))
        return store.blobs.put(manifest.raw, manifest.media_type)

    return make
