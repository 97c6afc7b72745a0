"""tag, images, rmi as docker users know them."""

from __future__ import annotations

import json
import multiprocessing
from typing import TYPE_CHECKING

import pytest

from lithify.cache import resolutions
from lithify.cache.digest import CacheKey, Digest
from lithify.cache.oci import (
    MEDIA_CONFIG,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
    Descriptor,
    ImageConfig,
    Index,
    Manifest,
)
from lithify.cache.platform import Platform
from lithify.cache.ports import CacheRecord, Layer
from lithify.cache.reference import parse_reference
from lithify.cache.store import Store
from lithify.errors import Corrupt, DigestMismatch, ImageNotFound, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    MakeImage = Callable[..., Descriptor]

AMD64 = Platform("linux", "amd64")


def names(store: Store) -> list[str | None]:
    return sorted((image.name for image in store.images.list()), key=str)


def with_platform(descriptor: Descriptor, platform: Platform) -> Descriptor:
    return Descriptor(descriptor.media_type, descriptor.digest, descriptor.size, platform)


def make_index(store: Store, *children: Descriptor) -> Descriptor:
    index = Index.make(children)
    return store.blobs.put(index.raw, MEDIA_INDEX)


def test_tagged_image_is_found_by_every_spelling(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.tag("app", image)
    for spelling in ("app", "app:latest", "docker.io/library/app", "library/app:latest"):
        assert store.images.get(spelling) == image
    assert store.images.get("app:other") is None


def test_image_is_found_by_digest_and_by_the_start_of_its_ids(
    store: Store, make_image: MakeImage
) -> None:
    image = make_image(store)
    store.images.tag("app:1", image)
    config = Manifest.parse(store.blobs.read(image.digest)).config.digest
    for text in (
        image.digest,
        image.digest[:14],
        image.digest.hex[:4],
        config.hex[:12],
        f"app@{image.digest}",
        f"app:1@{image.digest}",
    ):
        assert store.images.get(text) == image, text
    assert store.images.get(image.digest.hex[:3]) is None
    assert store.images.get(f"other@{image.digest}") is None


def test_ambiguous_id_is_an_error(store: Store) -> None:
    for tail in ("0", "1"):
        digest = Digest("sha256:" + "abcd" * 15 + "000" + tail)
        store.images.add(Descriptor(MEDIA_MANIFEST, digest, 1))
    with pytest.raises(UsageError, match="fits 2 images"):
        store.images.get("abcdabcd")
    assert store.images.get("abcd" * 15 + "0001") is not None


def test_tag_moves_and_the_old_image_stays_unnamed(store: Store, make_image: MakeImage) -> None:
    old, new = make_image(store, "old"), make_image(store, "new")
    store.images.tag("app", old)
    store.images.tag("app", new)
    assert store.images.get("app") == new
    assert names(store) == [None, "docker.io/library/app:latest"]
    assert store.images.get(old.digest) == old


def test_naming_an_unnamed_image_gives_its_entry_the_name(
    store: Store, make_image: MakeImage
) -> None:
    image = make_image(store)
    store.images.add(image)
    store.images.add(image)
    assert names(store) == [None]
    store.images.add(image, ("a", "b:1"))
    assert names(store) == ["docker.io/library/a:latest", "docker.io/library/b:1"]
    assert store.images.untag("a")
    assert store.images.untag("b:1")
    assert not store.images.untag("b:1")
    assert names(store) == [None]


def test_tagging_again_writes_nothing(store: Store, root: Path, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.tag("app", image)
    before = (root / "index.json").stat()
    store.images.tag("app", image)
    assert (root / "index.json").stat().st_ino == before.st_ino


def test_index_names_images_in_full_in_both_annotations(
    store: Store, root: Path, make_image: MakeImage
) -> None:
    store.images.tag("app", make_image(store))
    (entry,) = json.loads((root / "index.json").read_text())["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/library/app:latest"
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == (
        "docker.io/library/app:latest"
    )


def test_list_tells_creation_and_size(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.tag("app", image)
    (listed,) = store.images.list()
    manifest = Manifest.parse(store.blobs.read(image.digest))
    assert listed.created == "1980-01-01T00:00:00Z"
    assert listed.size == manifest.config.size + manifest.layers[0].size
    assert listed.stored == 1000.0


def test_image_with_a_lost_blob_is_still_listed(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.tag("app", image)
    store.blobs.delete(image.digest)
    assert names(store) == ["docker.io/library/app:latest"]


def test_manifest_resolves_whatever_its_platform(store: Store, make_image: MakeImage) -> None:
    image = make_image(store, platform="linux/arm64")
    resolved = store.images.resolve(image, AMD64, "x")
    assert resolved.config.platform.architecture == "arm64"
    assert resolved.manifest == image
    assert resolved.config_digest == Manifest.parse(store.blobs.read(image.digest)).config.digest
    assert [layer.diff_id for layer in resolved.layers] == list(resolved.config.diff_ids)


def test_index_resolves_to_the_platform(store: Store, make_image: MakeImage) -> None:
    arm = make_image(store, "arm", "linux/arm64")
    amd = make_image(store, "amd", "linux/amd64")
    noise = make_image(store, "attestation", "unknown/unknown")
    index = make_index(
        store,
        with_platform(noise, Platform("unknown", "unknown")),
        with_platform(arm, Platform("linux", "arm64", "v8")),
        amd,
    )
    assert store.images.resolve(index, AMD64, "x").manifest.digest == amd.digest
    wanted = Platform("linux", "arm64")
    assert store.images.resolve(index, wanted, "x").manifest.digest == arm.digest
    nested = make_index(store, index)
    assert store.images.resolve(nested, AMD64, "x").manifest.digest == amd.digest


def test_platform_that_an_index_lacks_is_named_with_those_it_has(
    store: Store, make_image: MakeImage
) -> None:
    index = make_index(store, with_platform(make_image(store), AMD64))
    with pytest.raises(ImageNotFound, match="no match for platform linux/s390x") as caught:
        store.images.resolve(index, Platform("linux", "s390x"), "x")
    assert "linux/amd64" in caught.value.hint


def test_nearest_older_arm_variant_is_taken(store: Store, make_image: MakeImage) -> None:
    variants = {v: make_image(store, v, "linux/arm") for v in ("v5", "v6", "v7")}
    index = make_index(
        store,
        *(with_platform(one, Platform("linux", "arm", v)) for v, one in variants.items()),
    )
    chosen = store.images.resolve(index, Platform("linux", "arm", "v8"), "x")
    assert chosen.manifest.digest == variants["v7"].digest
    chosen = store.images.resolve(index, Platform("linux", "arm", "v6"), "x")
    assert chosen.manifest.digest == variants["v6"].digest


def test_index_that_contains_itself_in_depth_is_refused(store: Store) -> None:
    child = store.blobs.put(Index.make(()).raw, MEDIA_INDEX)
    for _ in range(6):
        child = make_index(store, child)
    with pytest.raises(Corrupt, match="nested"):
        store.images.resolve(child, AMD64, "x")


def test_layers_and_diff_ids_must_pair(store: Store, make_image: MakeImage) -> None:
    manifest = Manifest.parse(store.blobs.read(make_image(store).digest))
    config = store.blobs.put(ImageConfig(AMD64).render(), MEDIA_CONFIG)
    wrong = Manifest.make(config, manifest.layers)
    descriptor = store.blobs.put(wrong.raw, wrong.media_type)
    with pytest.raises(Corrupt, match="config names 0 layers, the manifest 1"):
        store.images.resolve(descriptor, AMD64, "x")


def test_descriptor_with_a_wrong_size_is_refused(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    wrong = Descriptor(image.media_type, image.digest, image.size + 1)
    with pytest.raises(DigestMismatch):
        store.images.resolve(wrong, AMD64, "x")


def test_removing_one_of_two_names_only_untags(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.add(image, ("a", "b"))
    removed = store.images.remove("a")
    assert removed.untagged == ("docker.io/library/a:latest",)
    assert removed.deleted == ()
    assert store.images.get("b") == image


def test_removing_the_last_name_removes_the_content(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    manifest = Manifest.parse(store.blobs.read(image.digest))
    store.images.tag("a", image)
    removed = store.images.remove("a")
    assert set(removed.deleted) == {
        image.digest,
        manifest.config.digest,
        manifest.layers[0].digest,
    }
    assert store.blobs.digests() == ()
    with pytest.raises(NotFound):
        store.blobs.read(image.digest)


def test_blobs_of_other_images_and_of_cache_records_stay(
    store: Store, make_image: MakeImage
) -> None:
    first, second = make_image(store, "one"), make_image(store, "two")
    index = make_index(store, first, second)
    store.images.tag("both", index)
    store.images.tag("second", second)
    layer = Manifest.parse(store.blobs.read(first.digest)).layers[0]
    store.records.put(CacheRecord(CacheKey("k"), Layer(layer, layer.digest), (), 1.0), step="s")
    removed = store.images.remove("both")
    assert index.digest in removed.deleted
    assert first.digest in removed.deleted
    assert layer.digest not in removed.deleted
    assert store.images.resolve(second, AMD64, "x").manifest == second
    assert store.blobs.holds(layer)


def test_what_is_only_a_remembered_base_stays_until_it_is_removed_itself(
    store: Store, make_image: MakeImage
) -> None:
    base, other = make_image(store, "base"), make_image(store, "other")
    both = make_index(store, base, other)
    store.images.tag("both", both)
    name = parse_reference("alpine")
    resolutions.remember(store, "alpine", name, base)
    store.images.remove("both")
    assert resolutions.recall(store, "alpine") == (name, base)
    assert store.images.resolve(base, AMD64, "alpine").manifest == base
    assert not store.blobs.holds(other)
    store.images.tag("alpine", base)
    store.images.remove("alpine")
    assert resolutions.recall(store, "alpine") is None
    assert store.blobs.digests() == ()


def test_id_of_an_image_with_several_names_needs_force(store: Store, make_image: MakeImage) -> None:
    image = make_image(store)
    store.images.add(image, ("a", "b"))
    with pytest.raises(UsageError, match="has 2 names"):
        store.images.remove(image.digest.short)
    removed = store.images.remove(image.digest.short, force=True)
    assert len(removed.untagged) == 2
    assert image.digest in removed.deleted


def test_content_stays_while_another_process_uses_the_store(
    store: Store, root: Path, make_image: MakeImage
) -> None:
    image = make_image(store)
    store.images.tag("a", image)
    with Store.open(root, clock=lambda: 0.0):
        removed = store.images.remove("a")
    assert removed.untagged
    assert not removed.deleted
    assert store.blobs.holds(image)


def test_removing_what_is_not_there_is_an_error(store: Store) -> None:
    for name in ("nothing", "0123456789ab", "Not A Name"):
        with pytest.raises(ImageNotFound, match="no such image"):
            store.images.remove(name)


def _tag_many(root: Path, image: Descriptor, worker: int) -> None:
    with Store.open(root, clock=lambda: 0.0) as store:
        for number in range(20):
            store.images.tag(f"app:{worker}-{number}", image)


def test_names_given_by_several_processes_at_once_all_stay(
    store: Store, root: Path, make_image: MakeImage
) -> None:
    image = make_image(store)
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_tag_many, args=(root, image, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(names(store)) == 80


def test_index_without_any_image_does_not_resolve(store: Store) -> None:
    missing = Descriptor(MEDIA_CONFIG, Digest.of(b"missing"), 7, AMD64)
    with pytest.raises(ImageNotFound):
        store.images.resolve(make_index(store, missing), AMD64, "x")
