"""A cache in a folder: what is written, what of a hostile one is believed, and what several writers leave."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.errors import StoreError
from lithify.executor.events import Notice, StepFinished, Warned
from lithify.requests import BuildRequest, BuildResult, CacheSpec, EngineOptions

if TYPE_CHECKING:
    from lithify.executor.events import Event


class Shop:
    """A context, a cache's folder, and builds in stores of their own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        context = root / "context"
        context.mkdir()
        (context / "Dockerfile").write_text("FROM scratch\nCOPY a /a\nCOPY b /b\n")
        for name in "ab":
            (context / name).write_text(name * 3000)
        self.request = BuildRequest(str(context))
        self.heard: list[Event] = []

    def publish(self, **options: str) -> BuildResult:
        spec = CacheSpec("local", (("dest", str(self.cache)), *options.items()))
        return self._build(replace(self.request, cache_to=(spec,)))

    def use(self, **options: str) -> BuildResult:
        spec = CacheSpec("local", (("src", str(self.cache)), *options.items()))
        return self._build(replace(self.request, cache_from=(spec,)))

    def _build(self, request: BuildRequest) -> BuildResult:
        store = self.root / f"store-{len(list(self.root.iterdir()))}-{threading.get_ident()}"
        self.heard = heard = []
        with Engine(EngineOptions(str(store))) as engine:
            return engine.build(request, heard.append)

    @property
    def warnings(self) -> list[str]:
        return [one.text for one in self.heard if isinstance(one, Warned)]

    @property
    def ran(self) -> int:
        return sum(isinstance(one, StepFinished) for one in self.heard)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_folder_gives_what_was_put_into_it(shop: Shop) -> None:
    first = shop.publish()
    second = shop.use()
    assert (second.digest, shop.ran, shop.warnings) == (first.digest, 0, [])


def test_it_is_an_image_layout_with_a_tag(shop: Shop) -> None:
    shop.publish(tag="main")
    (entry,) = json.loads((shop.cache / "index.json").read_bytes())["manifests"]
    assert entry["annotations"] == {"org.opencontainers.image.ref.name": "main"}
    assert json.loads((shop.cache / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    manifest = json.loads((shop.cache / "blobs/sha256" / entry["digest"][7:]).read_bytes())
    names = {one["digest"][7:] for one in (*manifest["layers"], manifest["config"])}
    assert names < {path.name for path in (shop.cache / "blobs/sha256").iterdir()}


def test_tags_stand_beside_each_other_and_are_chosen(shop: Shop) -> None:
    first = shop.publish(tag="main")
    (shop.root / "context" / "b").write_text("other")
    shop.publish(tag="branch")
    entries = json.loads((shop.cache / "index.json").read_bytes())["manifests"]
    assert len(entries) == 2
    shop.use(tag="branch")
    assert shop.ran == 0
    shop.use(digest=entries[0]["digest"])
    assert shop.ran == 1
    (shop.root / "context" / "b").write_text("b" * 3000)
    assert shop.use(tag="main").digest == first.digest
    assert shop.ran == 0


def test_a_folder_that_is_not_there_is_only_mentioned(shop: Shop) -> None:
    shop.use()
    assert shop.warnings == []
    notices = [one.text for one in shop.heard if isinstance(one, Notice)]
    assert notices == [f"there is no cache at {shop.cache} yet"]


def test_every_blob_may_be_damaged_and_the_result_is_right(shop: Shop) -> None:
    first = shop.publish(mode="max")
    blobs = sorted((shop.cache / "blobs" / "sha256").iterdir())
    for path in blobs:
        data = path.read_bytes()
        for spoilt in (data[:-1], data[:10] + b"\0" + data[11:], b"", os.urandom(len(data))):
            path.write_bytes(spoilt)
            assert shop.use().digest == first.digest
        path.write_bytes(data)
    shop.use()
    assert (shop.ran, shop.warnings) == (0, [])


@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_damaged_documents_of_the_layout_are_a_warning(shop: Shop, name: str) -> None:
    first = shop.publish()
    (shop.cache / name).write_bytes(b'{"manifests": 1, "x')
    assert shop.use().digest == first.digest
    assert len(shop.warnings) == 1
    shop.publish()
    shop.use()
    assert (shop.ran, shop.warnings) == (0, [])


def test_no_link_leads_out_of_a_cache(shop: Shop, tmp_path: Path) -> None:
    first = shop.publish()
    blobs = sorted((shop.cache / "blobs" / "sha256").iterdir())
    outside = tmp_path / "outside"
    outside.mkdir()
    for path in blobs:
        path.rename(outside / path.name)
        path.symlink_to(outside / path.name)
    assert shop.use().digest == first.digest
    assert shop.ran == 2
    assert len(shop.warnings) == 1


def test_writers_at_once_leave_every_tag_whole(shop: Shop) -> None:
    shops = [Shop(_made(shop.root / f"shop-{number}")) for number in range(4)]
    for number, one in enumerate(shops):
        one.cache = shop.cache
        (one.root / "context" / "b").write_text(str(number))
    threads = [
        threading.Thread(target=one.publish, kwargs={"tag": f"t{number}"})
        for number, one in enumerate(shops)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, one in enumerate(shops):
        one.use(tag=f"t{number}")
        assert (one.ran, one.warnings) == (0, [])
    hidden = {path.name for path in shop.cache.rglob(".*")}
    assert hidden == {".index.lock"}


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_folder_that_cannot_be_written_fails_the_build_unless_ignored(shop: Shop) -> None:
    shop.cache.write_text("a file")
    with pytest.raises(StoreError) as caught:
        shop.publish()
    assert caught.value.message.startswith(f"cannot publish the cache {shop.cache}: ")
    shop.publish(**{"ignore-error": "true"})
    assert len(shop.warnings) == 1
