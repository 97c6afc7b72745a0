"""Whatever is written for others is what the specifications say: the store, archives, one platform and several."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.requests import BuildRequest, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Conforms = Callable[[str, Any], None]

DOCKERFILE = """FROM scratch AS base
LABEL org.example.text="<b>&" two=2
FROM base
ENV A=1 B="two words"
EXPOSE 80 53/udp
VOLUME /data /more
USER 5:6
WORKDIR /srv
COPY --chmod=600 Dockerfile /srv/
ENTRYPOINT ["/bin/x"]
CMD ["a", "b"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s CMD /bin/x
ONBUILD COPY . /
SHELL ["/bin/ash", "-c"]
MAINTAINER nobody
"""
PLATFORMS: list[tuple[str, ...]] = [(), ("linux/arm/v7",), ("linux/amd64", "linux/arm64")]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "Dockerfile").write_text(DOCKERFILE)
    return directory


def check(files: Mapping[str, bytes], conforms: Conforms) -> int:
    """Check a layout and all documents that its index leads to; how many images there are."""
    conforms("layout", files["oci-layout"])
    conforms("index", files["index.json"])
    entries = json.loads(files["index.json"])["manifests"]
    images = 0
    while entries:
        descriptor = entries.pop()
        conforms("descriptor", descriptor)
        raw = files[f"blobs/sha256/{descriptor['digest'][7:]}"]
        assert len(raw) == descriptor["size"]
        document = json.loads(raw)
        if document["mediaType"].endswith("index.v1+json"):
            conforms("index", raw)
            entries += document["manifests"]
        else:
            conforms("manifest", raw)
            conforms("config", files[f"blobs/sha256/{document['config']['digest'][7:]}"])
            images += 1
    return images


@pytest.mark.parametrize("platforms", PLATFORMS, ids=str)
def test_the_store_is_an_image_layout(
    platforms: tuple[str, ...], context: Path, tmp_path: Path, conforms: Conforms
) -> None:
    root = tmp_path / "store"
    with Engine(EngineOptions(str(root))) as engine:
        engine.build(BuildRequest(str(context), tags=("x",), platforms=platforms), lambda _: None)
    names = (
        "oci-layout",
        "index.json",
        *(f"blobs/sha256/{p.name}" for p in root.glob("blobs/*/*")),
    )
    files = {name: (root / name).read_bytes() for name in names}
    assert check(files, conforms) == max(1, len(platforms))


@pytest.mark.parametrize("compression", ["gzip", "zstd", "uncompressed"])
@pytest.mark.parametrize("platforms", PLATFORMS, ids=str)
def test_archives_are_image_layouts(
    platforms: tuple[str, ...], compression: str, context: Path, tmp_path: Path, conforms: Conforms
) -> None:
    out = io.BytesIO()
    options = (("compression", compression), ("annotation.k", "v"))
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        request = BuildRequest(
            str(context),
            tags=("x", "y"),
            platforms=platforms,
            outputs=(OutputSpec("oci", "-", options),),
        )
        engine.build(request, lambda _: None, stdout=out)
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        members = [(one.name, archive.extractfile(one)) for one in archive if one.isfile()]
        files = {name: stream.read() for name, stream in members if stream is not None}
    assert check(files, conforms) == 2 * max(1, len(platforms))
    (manifest, *_) = [one for one in files.values() if b'"layers": [' in one]
    suffix = {"gzip": "+gzip", "zstd": "+zstd", "uncompressed": ""}[compression]
    types = {one["mediaType"] for one in json.loads(manifest)["layers"]}
    assert types == {f"application/vnd.oci.image.layer.v1.tar{suffix}"}


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("descriptor", {"mediaType": "text", "digest": "sha256:1", "size": -1}),
        ("manifest", {"schemaVersion": 1, "layers": []}),
        ("index", {"schemaVersion": 2}),
        ("config", {"os": "linux", "rootfs": {"type": "layers", "diff_ids": ["x"]}}),
        ("layout", {"imageLayoutVersion": "2.0.0"}),
        ("statement", {"_type": "https://in-toto.io/Statement/v1", "subject": []}),
        ("provenance", {"buildDefinition": {}}),
        ("spdx", {"spdxVersion": "SPDX-2.3"}),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name: str, document: Any, conforms: Conforms) -> None:
    with pytest.raises(AssertionError):
        conforms(name, document)
