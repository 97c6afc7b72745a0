"""Documents from anywhere are read, or refused with a clean error, whatever they hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.cache.oci import ImageConfig, Index, Manifest
from lithify.errors import Corrupt

if TYPE_CHECKING:
    from collections.abc import Callable

DESCRIPTOR = {
    "mediaType": "x/y",
    "digest": "sha256:" + "a" * 64,
    "size": 1,
    "annotations": {"a": "b"},
    "platform": {"os": "linux", "architecture": "amd64", "variant": "v2"},
}
DOCUMENTS: dict[Callable[[bytes], object], dict[str, Any]] = {
    Index.parse: {"manifests": [DESCRIPTOR], "annotations": {"a": "b"}, "mediaType": "x/y"},
    Manifest.parse: {
        "schemaVersion": 2,
        "config": DESCRIPTOR,
        "layers": [DESCRIPTOR],
        "annotations": {"a": "b"},
    },
    ImageConfig.parse: {
        "os": "linux",
        "architecture": "amd64",
        "created": "1980-01-01T00:00:00Z",
        "config": {
            "User": "u",
            "ExposedPorts": {"80/tcp": {}},
            "Env": ["A=b"],
            "Entrypoint": ["/x"],
            "Cmd": ["y"],
            "Volumes": {"/v": {}},
            "Labels": {"a": "b"},
            "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5, "Retries": 2},
            "OnBuild": ["RUN x"],
            "Shell": ["/bin/sh"],
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "a" * 64]},
        "history": [{"created_by": "RUN x", "empty_layer": True}],
    },
}
NOISE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        items = []
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], noise: object) -> Any:
    if not path:
        return noise
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], noise)
    return copy


@pytest.mark.parametrize("parse", DOCUMENTS, ids=["index", "manifest", "config"])
@given(data=st.data())
@settings(max_examples=400, deadline=None)
def test_any_value_in_any_place_is_read_or_refused(
    parse: Callable[[bytes], object], data: st.DataObject
) -> None:
    document = DOCUMENTS[parse]
    path = data.draw(st.sampled_from(places(document)))
    noise = data.draw(NOISE)
    try:
        parse(json.dumps(replaced(document, path, noise)).encode())
    except Corrupt:
        return
