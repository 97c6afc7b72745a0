"""Attestations on registries: found through the referrers API, or by the tag that stands for it."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.errors import RegistryError
from lithify.requests import AttestationSpec, BuildRequest, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import FakeRegistry, Handler

SPECS = (AttestationSpec("sbom"), AttestationSpec("provenance"))
ARTIFACT = "application/vnd.docker.attestation.manifest.v1+json"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    return directory


@pytest.fixture
def build(tmp_path: Path, context: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Build and push with attestations; the digest that was pushed."""

    def run(name: str, *options: tuple[str, str]) -> str:
        with Engine(EngineOptions(str(tmp_path / "store"), environment=environment)) as engine:
            output = OutputSpec("registry", "", options)
            request = BuildRequest(
                str(context), tags=(name,), outputs=(output,), attestations=SPECS
            )
            return engine.build(request, lambda _: None).digest

    return run


def stored(fake: FakeRegistry, selector: str) -> Any:
    return json.loads(fake.manifests["app", selector][1])


def fallback(digest: str) -> str:
    return digest.replace(":", "-")


def check(fake: FakeRegistry, entry: dict[str, Any], image: str, conforms: Any) -> None:
    """That an entry of an index of referrers leads to statements about the image."""
    assert entry["artifactType"] == ARTIFACT
    manifest = stored(fake, entry["digest"])
    conforms("manifest", manifest)
    assert manifest["subject"]["digest"] == image
    assert fake.blobs["app", manifest["config"]["digest"]] == b"{}"
    for one in manifest["layers"]:
        statement = json.loads(fake.blobs["app", one["digest"]])
        conforms("statement", statement)
        assert statement["subject"][0]["digest"] == {"sha256": image[7:]}


def test_without_the_api_a_tag_lists_them(
    fake: FakeRegistry, build: Callable[..., str], conforms: Any
) -> None:
    digest = build(f"{fake.host}/app:1")
    conforms("manifest", stored(fake, "1"))
    index = stored(fake, fallback(digest))
    conforms("index", index)
    (entry,) = index["manifests"]
    check(fake, entry, digest, conforms)


def test_pushed_again_they_are_listed_once_and_others_stay(
    fake: FakeRegistry, build: Callable[..., str]
) -> None:
    digest = build(f"{fake.host}/app:1")
    kind, raw = fake.manifests["app", fallback(digest)]
    index = json.loads(raw)
    other = {**index["manifests"][0], "digest": "sha256:" + "1" * 64, "artifactType": "x/signature"}
    index["manifests"].insert(0, other)
    fake.manifests["app", fallback(digest)] = kind, json.dumps(index).encode()
    build(f"{fake.host}/app:1")
    assert stored(fake, fallback(digest)) == index


def test_with_the_api_there_is_no_tag(
    fake: FakeRegistry, build: Callable[..., str], conforms: Any
) -> None:
    fake.has_referrers = True
    digest = build(f"{fake.host}/app:1")
    assert ("app", fallback(digest)) not in fake.manifests
    about = [json.loads(raw) for _, raw in fake.manifests.values()]
    assert [one["subject"]["digest"] for one in about if "subject" in one] == [digest]


def test_in_an_index_they_come_with_the_image(
    fake: FakeRegistry, build: Callable[..., str], conforms: Any
) -> None:
    digest = build(f"{fake.host}/app:1", ("attestations", "index"))
    index = stored(fake, digest)
    conforms("index", index)
    image, entry = index["manifests"]
    check(fake, {**entry, "artifactType": ARTIFACT}, image["digest"], conforms)


def test_push_takes_what_the_store_has_attested(
    fake: FakeRegistry, tmp_path: Path, context: Path, environment: dict[str, str], conforms: Any
) -> None:
    name = f"{fake.host}/app:1"
    for attestations in ("", "index"):
        store = str(tmp_path / f"store-{attestations}")
        output = OutputSpec("image", "", (("attestations", attestations),) if attestations else ())
        with Engine(EngineOptions(store, environment=environment)) as engine:
            request = BuildRequest(
                str(context), tags=(name,), outputs=(output,), attestations=SPECS
            )
            engine.build(request, lambda _: None)
            digest = engine.push(name, lambda _: None)
        if attestations:
            image, entry = stored(fake, digest)["manifests"]
            assert entry["annotations"]["vnd.docker.reference.digest"] == image["digest"]
            check(fake, {**entry, "artifactType": ARTIFACT}, image["digest"], conforms)
        else:
            (entry,) = stored(fake, fallback(digest))["manifests"]
            check(fake, entry, digest, conforms)


def test_what_stands_under_the_tag_and_is_no_index_is_left_alone(
    fake: FakeRegistry, build: Callable[..., str]
) -> None:
    digest = build(f"{fake.host}/app:1")
    fake.manifests["app", fallback(digest)] = "application/json", b'{"manifests": 7}'
    from lithify.errors import Corrupt

    with pytest.raises(Corrupt, match="no index of referrers"):
        build(f"{fake.host}/app:1")


def test_a_refusal_of_the_index_is_an_error(fake: FakeRegistry, build: Callable[..., str]) -> None:
    def fault(handler: Handler) -> bool:
        if handler.command == "PUT" and "/manifests/sha256-" in handler.path:
            handler.rfile.read(int(handler.headers["Content-Length"]))
            handler.answer(403)
            return True
        return False

    fake.fault = fault
    with pytest.raises(RegistryError):
        build(f"{fake.host}/app:1")


def test_debians_registry_takes_them_and_skopeo_the_image(
    start_registry: Callable[..., Any], build: Callable[..., str], tmp_path: Path
) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    registry = start_registry()
    digest = build(f"{registry.host}/app:1")

    def manifest(selector: str) -> Any:
        place = f"docker://{registry.host}/app{selector}"
        words = ["skopeo", "inspect", "--raw", "--tls-verify=false", place]
        return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)

    (entry,) = manifest(f":{fallback(digest)}")["manifests"]
    assert manifest(f"@{entry['digest']}")["subject"]["digest"] == digest
    assert manifest(":1") == manifest(f"@{digest}")
