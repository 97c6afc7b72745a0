"""The list of images: filters as docker has them, and damage that hides only what it damaged."""

from __future__ import annotations

import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.cache.digest import Digest
from lithify.cache.oci import ContainerConfig, HistoryEntry, ImageConfig, Manifest
from lithify.cache.platform import Platform
from lithify.cache.store import Store
from lithify.errors import ImageNotFound, UsageError
from lithify.imagelist import list_images
from lithify.requests import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.cache.oci import Descriptor

AMD64 = Platform("linux", "amd64")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", clock=Clock()) as opened:
        yield opened


def add(
    store: Store, *names: str, created: str = "1980-01-01T00:00:00Z", **labels: str
) -> Descriptor:
    """An image without layers; equal ones differ by their names."""
    config = ImageConfig(
        AMD64,
        ContainerConfig(labels=tuple(labels.items())),
        created=created,
        history=(HistoryEntry(created, "LABEL " + " ".join(names), empty_layer=True),),
    )
    blob = store.blobs.put(config.render(), "application/vnd.oci.image.config.v1+json")
    manifest = Manifest.make(blob, ())
    descriptor = store.blobs.put(manifest.raw, manifest.media_type)
    store.images.add(descriptor, names)
    return descriptor


@pytest.fixture
def images(store: Store) -> Store:
    add(store, "alpine:3", stage="base")
    add(store, "example.org/team/app:1", stage="release", tier="x")
    add(store, "app:2", created="2020-01-01T00:00:00Z")
    add(store)
    return store


def names(store: Store, *filters: tuple[str, str]) -> set[str]:
    return {f"{one.repository}:{one.tag}" for one in list_images(store, filters)}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([("reference", "a*")], {"alpine:3", "app:2"}),
        ([("reference", "*:2")], {"app:2"}),
        ([("reference", "*/*/app")], {"example.org/team/app:1"}),
        ([("reference", "*")], {"alpine:3", "app:2"}),
        ([("reference", "a[a-l]*"), ("reference", "app:?")], {"alpine:3", "app:2"}),
        ([("reference", "a[^l]*")], {"app:2"}),
        ([("label", "stage")], {"alpine:3", "example.org/team/app:1"}),
        ([("label", "stage=base")], {"alpine:3"}),
        ([("label", "stage"), ("label", "tier=x")], {"example.org/team/app:1"}),
        ([("dangling", "true")], {"<none>:<none>"}),
        ([("dangling", "false"), ("label", "tier")], {"example.org/team/app:1"}),
        ([("before", "example.org/team/app:1")], {"alpine:3"}),
        ([("since", "alpine:3")], {"example.org/team/app:1", "app:2", "<none>:<none>"}),
        ([("before", "app:2"), ("since", "alpine:3")], {"example.org/team/app:1", "<none>:<none>"}),
    ],
    ids=lambda value: str(sorted(value)),
)
def test_filters_pass_what_docker_passes(
    images: Store, filters: list[tuple[str, str]], found: set[str]
) -> None:
    assert names(images, *filters) == found


@pytest.mark.parametrize(
    ("one", "error", "message"),
    [
        (("until", "1h"), UsageError, "invalid filter 'until'"),
        (("dangling", "maybe"), UsageError, "dangling=maybe"),
        (("reference", "a[b"), UsageError, "'[' without ']'"),
        (("before", "nowhere"), ImageNotFound, "no such image: nowhere"),
    ],
)
def test_wrong_filters_are_refused(
    images: Store, one: tuple[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        list_images(images, [one])
    assert message in str(caught.value)


def test_an_image_whose_config_is_gone_does_not_hide_the_others(images: Store) -> None:
    found = images.images.get("app:2")
    assert found is not None
    config = json.loads(images.blobs.read(found.digest))["config"]["digest"]
    images.blobs.delete(Digest(config))
    rows = {f"{one.repository}:{one.tag}": one for one in list_images(images)}
    assert set(rows) == {"alpine:3", "example.org/team/app:1", "app:2", "<none>:<none>"}
    assert [name for name, one in rows.items() if one.problem] == ["app:2"]
    assert config in rows["app:2"].problem


@pytest.mark.root
def test_export_writes_the_merged_file_system(tmp_path: Path) -> None:
    from lithify.requests import BuildRequest

    context = tmp_path / "context"
    context.mkdir()
    (context / "a").write_text("one")
    (context / "b").write_text("two")
    (context / "Dockerfile").write_text("FROM scratch\nCOPY a b /d/\nCOPY b /d/a\n")
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        engine.build(BuildRequest(str(context), tags=("x",)), lambda _: None)
        engine.export("x", str(tmp_path / "out.tar"), None)
    with tarfile.open(tmp_path / "out.tar") as archive:
        files = {m.name: m for m in archive}
        assert sorted(files) == ["d", "d/a", "d/b"]
        member = archive.extractfile("d/a")
        assert member is not None
        assert member.read() == b"two"
