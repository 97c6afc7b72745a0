"""Counting and dating of history entries, and the documents of an image."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from lithify.cache.oci import (
    MEDIA_DOCKER_LAYER_GZIP,
    MEDIA_LAYER_GZIP,
    ContainerConfig,
    Descriptor,
    HistoryEntry,
    ImageConfig,
    Manifest,
)
from lithify.cache.platform import Platform
from lithify.cache.ports import Layer
from lithify.cache.store import Store
from lithify.compiler.plan import PlannedImage
from lithify.executor.assemble import assemble, normalise_history
from lithify.executor.layer import make_layer

if TYPE_CHECKING:
    from pathlib import Path

NOW = "1980-01-01T00:00:00Z"
PLATFORM = Platform("linux", "amd64")


def entry(name: str, *, empty: bool = False, created: str = "") -> HistoryEntry:
    return HistoryEntry(created, name, empty_layer=empty)


@pytest.mark.parametrize(
    ("history", "layers", "expected"),
    [
        ([entry("a"), entry("b", empty=True)], 1, [("a", False), ("b", True)]),
        ([entry("a"), entry("b"), entry("c")], 1, [("a", False), ("b", True), ("c", True)]),
        ([entry("a", empty=True)], 2, [("a", True), ("", False), ("", False)]),
        ([], 0, []),
    ],
)
def test_history_counts_as_many_entries_as_layers(
    history: list[HistoryEntry], layers: int, expected: list[tuple[str, bool]]
) -> None:
    made = normalise_history(history, 0, layers, NOW)
    assert [(one.created_by, one.empty_layer) for one in made] == expected
    assert {one.created for one in made} <= {NOW}


def test_entries_of_the_base_keep_their_times() -> None:
    base = [entry("base", created="2024-05-05T05:05:05.5Z"), entry("undated")]
    made = normalise_history([*base, entry("own")], 2, 3, NOW)
    assert [one.created for one in made] == ["2024-05-05T05:05:05.5Z", "", NOW]


@pytest.mark.parametrize(
    ("epoch", "base_entries", "created"),
    [
        (None, 0, NOW),
        (1_000_000_000, 0, "2001-09-09T01:46:40Z"),
        (None, 1, "2024-01-01T00:00:00Z"),
        (0, 1, "1970-01-01T00:00:00Z"),
    ],
)
def test_the_config_is_dated_by_the_epoch_or_the_base(
    tmp_path: Path, epoch: int | None, base_entries: int, created: str
) -> None:
    history = (entry("x", empty=True, created="2024-01-01T00:00:00Z" if base_entries else ""),)
    planned = PlannedImage(PLATFORM, None, ContainerConfig(), history, base_entries)
    with Store.open(tmp_path / "s", clock=time.time) as store:
        _, config = assemble(store, planned, (), epoch_s=epoch)
        assert ImageConfig.parse(store.blobs.read(config.digest)).created == created


def test_the_manifest_names_layers_under_oci_types(tmp_path: Path) -> None:
    planned = PlannedImage(PLATFORM, None, ContainerConfig(env=("A=1",)), (entry("x"), entry("y")))
    with Store.open(tmp_path / "s", clock=time.time) as store:
        plain = make_layer(store, [], logical_time=0)
        docker = Layer(
            Descriptor(MEDIA_DOCKER_LAYER_GZIP, plain.diff_id, 9, annotations=(("a", "b"),)),
            plain.diff_id,
        )
        descriptor, config = assemble(store, planned, (docker, plain))
        manifest = Manifest.parse(store.blobs.read(descriptor.digest))
        assert descriptor.platform == PLATFORM
        assert manifest.config == config
        assert manifest.layers == (
            Descriptor(MEDIA_LAYER_GZIP, plain.diff_id, 9),
            plain.descriptor,
        )
        parsed = ImageConfig.parse(store.blobs.read(config.digest))
        assert parsed.diff_ids == (plain.diff_id, plain.diff_id)
        assert parsed.config.env == ("A=1",)
        assert assemble(store, planned, (docker, plain)) == (descriptor, config)
