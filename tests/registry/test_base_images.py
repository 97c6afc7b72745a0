"""FROM of images on registries: when they are asked, what is fetched, and what is remembered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lithify.cache.platform import Platform
from lithify.cache.registry.pull import RemoteImages
from lithify.errors import ContentError, ImageNotFound, RegistryUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Image

    from lithify.cache.ports import ResolvedImage
    from lithify.cache.store import Store
    from lithify.registries import RegistryAccess

    MakeImage = Callable[..., Image]
    Access = Callable[..., RegistryAccess]

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.fixture
def base(image: MakeImage, fake: FakeRegistry) -> Image:
    made = image({"a": b"1"}, {"b": os.urandom(1000)})
    fake.add("base", made, "1")
    return made


def _resolve(opened: RegistryAccess, name: str, policy: str = "missing") -> ResolvedImage:
    return opened.resolver(policy).resolve(name, AMD64)


def test_resolving_fetches_no_layer(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    found = _resolve(access(store), f"{fake.host}/base:1")
    assert found.manifest.digest == base.digest
    assert found.config.config.env == ("A=1",)
    assert fake.count("GET", "/blobs/") == 1
    assert not any(store.blobs.has(one) for one in base.layers)
    assert store.images.list() == ()


def test_the_first_layer_that_is_missed_brings_all_and_each_once(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    opened = access(store)
    _resolve(opened, f"{fake.host}/base:1")
    with store.blobs.open(base.layers[1]) as stream:
        assert stream.read() == base.blobs[base.layers[1]]
    with store.blobs.open(base.layers[0]) as stream:
        assert stream.read() == base.blobs[base.layers[0]]
    opened.close()
    assert [fake.count("GET", one) for one in base.layers] == [1, 1]


def test_a_layer_that_got_lost_is_fetched_again(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    _resolve(access(store), f"{fake.host}/base:1")
    store.blobs.open(base.layers[0]).close()
    store.blobs.delete(base.layers[0])
    store.blobs.open(base.layers[0]).close()
    assert fake.count("GET", base.layers[0]) == 2


def test_a_second_build_asks_nobody(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    _resolve(access(store), f"{fake.host}/base:1")
    asked = len(fake.seen)
    assert _resolve(access(store), f"{fake.host}/base:1").manifest.digest == base.digest
    assert len(fake.seen) == asked


def test_offline_uses_what_was_resolved_but_fetches_no_layer(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    _resolve(access(store), f"{fake.host}/base:1")
    asked = len(fake.seen)
    opened = access(store)
    assert _resolve(opened, f"{fake.host}/base:1", "never").manifest.digest == base.digest
    with pytest.raises(ImageNotFound, match="layer .* is not in the store") as caught:
        store.blobs.open(base.layers[0])
    assert "--offline" in caught.value.hint
    with pytest.raises(ImageNotFound) as caught:
        _resolve(opened, f"{fake.host}/base:2", "never")
    assert "--offline" in caught.value.hint
    assert len(fake.seen) == asked


def test_always_sees_that_a_tag_has_moved_and_missing_does_not(
    base: Image, image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    name = f"{fake.host}/base:1"
    _resolve(access(store), name)
    newer = image({"a": b"2"})
    fake.add("base", newer, "1")
    assert _resolve(access(store), name).manifest.digest == base.digest
    assert _resolve(access(store), name, "always").manifest.digest == newer.digest
    assert _resolve(access(store), name).manifest.digest == newer.digest


def test_asking_again_for_a_tag_that_did_not_move_costs_one_head(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    name = f"{fake.host}/base:1"
    _resolve(access(store), name)
    _resolve(access(store), name, "always")
    assert (fake.count("GET", "/manifests/"), fake.count("HEAD", "/manifests/")) == (1, 1)


def test_newer_takes_what_is_here_when_the_registry_fails_and_always_does_not(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    name = f"{fake.host}/base:1"
    _resolve(access(store), name)
    fake.fault = lambda handler: handler.drop() is None
    assert _resolve(access(store), name, "newer").manifest.digest == base.digest
    with pytest.raises(RegistryUnreachable):
        _resolve(access(store), name, "always")


def test_an_image_of_the_store_wins_unless_registries_are_to_be_asked(
    base: Image, image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    name = f"{fake.host}/base:1"
    _, descriptor = access(store).pull(name, None)
    fake.add("base", image({"a": b"2"}), "1")
    assert _resolve(access(store), name).manifest == descriptor


def test_a_digest_pins(
    base: Image, image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.add("base", image({"a": b"2"}), "1")
    pinned = f"{fake.host}/base:1@{base.digest}"
    assert _resolve(access(store), pinned, "always").manifest.digest == base.digest


def test_of_an_index_only_the_wanted_platform_is_fetched(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    images = {
        name: image({"arch": name.encode()}, architecture=name, env=f"ARCH={name}")
        for name in ("amd64", "arm64")
    }
    fake.add_index("multi", images, "1")
    name = f"{fake.host}/multi:1"
    resolver = access(store).resolver("missing")
    assert resolver.resolve(name, ARM64).config.config.env == ("ARCH=arm64",)
    assert fake.count("GET", images["amd64"].digest) == 0
    assert resolver.resolve(name, AMD64).config.config.env == ("ARCH=amd64",)
    with pytest.raises(ImageNotFound, match="no match for platform linux/s390x"):
        resolver.resolve(name, Platform("linux", "s390x"))


def test_a_platform_that_was_not_fetched_is_missing_offline(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    images = {name: image({"a": b"1"}, architecture=name) for name in ("amd64", "arm64")}
    fake.add_index("multi", images, "1")
    access(store).resolver("missing").resolve(f"{fake.host}/multi:1", AMD64)
    with pytest.raises((ImageNotFound, ContentError)):
        access(store).resolver("never").resolve(f"{fake.host}/multi:1", ARM64)


def test_pulling_one_platform_after_resolving_another_is_no_conflict(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    images = {
        name: image({"arch": name.encode()}, architecture=name) for name in ("amd64", "arm64")
    }
    fake.add_index("multi", images, "1")
    opened = access(store)
    opened.resolver("missing").resolve(f"{fake.host}/multi:1", ARM64)
    _, descriptor = opened.pull(f"{fake.host}/multi:1", (AMD64,))
    assert store.images.resolve(descriptor, AMD64, "x").manifest.digest == images["amd64"].digest
    assert store.blobs.has(images["amd64"].layers[0])
    assert not store.blobs.has(images["arm64"].layers[0])


def test_an_image_that_is_nowhere_says_where_was_looked(
    fake: FakeRegistry, store: Store, access: Access
) -> None:
    with pytest.raises(ImageNotFound, match="answered 404"):
        _resolve(access(store), f"{fake.host}/nothing:1")
    with pytest.raises(ImageNotFound) as caught:
        _resolve(access(store), "127.0.0.1:9/nothing:1")
    assert str(store.root) in caught.value.message
    assert "no connection" in caught.value.message
    assert "lithify load" in caught.value.hint


def test_an_unknown_policy_is_refused(store: Store, access: Access) -> None:
    with pytest.raises(UsageError, match="sometimes"):
        access(store).resolver("sometimes")


def test_what_a_registry_has_in_another_repository_is_mounted_not_sent(
    base: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    opened = access(store)
    _, descriptor = opened.pull(f"{fake.host}/base:1", None)
    store.images.tag(f"{fake.host}/copy:1", descriptor)
    opened.push_stored(f"{fake.host}/copy:1", None, "gzip")
    assert fake.uploads == {}
    assert {digest for name, digest in fake.blobs if name == "copy"} >= set(base.layers)


def test_find_is_what_find_was_for_short_names(store: Store, access: Access) -> None:
    images = access(store).images()
    assert isinstance(images, RemoteImages)
    assert [str(one) for one in images.references("busybox")] == [
        "docker.io/library/busybox:latest"
    ]
