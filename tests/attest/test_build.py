"""Attestations of builds: what they say, where they lie, and that they change nothing and never differ."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.cache.gc import Policy, prune
from lithify.cache.store import Store
from lithify.errors import Secret, UsageError
from lithify.executor.attest.spdx import _is_expression
from lithify.requests import AttestationSpec, EngineOptions, OutputSpec, SecretSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lithify.requests import BuildResult

    Build = Callable[..., BuildResult]

PROVENANCE = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server(context: Path) -> Iterator[str]:
    """The context, served by HTTP."""
    handler = partial(_Quiet, directory=str(context))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{opened.server_address[1]}"
        opened.shutdown()
        thread.join()


def max_mode(**options: str) -> tuple[AttestationSpec, ...]:
    return (AttestationSpec("provenance", (("mode", "max"), *options.items())),)


def predicate(layout: Any, place: Path, kind: str) -> dict[str, Any]:
    found = layout(place)
    (entry,) = found.attestations()
    return found.statements(entry)[kind]["predicate"]


def test_the_image_is_the_same_with_and_without_attestations(build: Build) -> None:
    assert build("a").digest == build("b", attestations=()).digest


def test_the_store_holds_them_beside_the_image_as_the_specifications_say(
    build: Build, tmp_path: Path, layout: Any, conforms: Any
) -> None:
    result = build()
    found = layout(tmp_path / "store")
    conforms("index", (tmp_path / "store" / "index.json").read_bytes())
    conforms("layout", (tmp_path / "store" / "oci-layout").read_bytes())
    (entry,) = found.attestations()
    assert entry["annotations"]["vnd.docker.reference.digest"] == result.digest
    assert entry["platform"] == {"architecture": "unknown", "os": "unknown"}
    manifest = found.document(entry["digest"])
    conforms("manifest", manifest)
    assert manifest["artifactType"] == "application/vnd.docker.attestation.manifest.v1+json"
    assert manifest["subject"]["digest"] == result.digest
    assert found.blob(manifest["config"]["digest"]) == b"{}"
    assert [one["annotations"]["in-toto.io/predicate-type"] for one in manifest["layers"]] == [
        SPDX,
        PROVENANCE,
    ]
    statements = found.statements(entry)
    for statement in statements.values():
        conforms("statement", statement)
        assert statement["subject"] == [
            {
                "name": "pkg:docker/app@1?platform=linux%2Famd64",
                "digest": {"sha256": result.digest[7:]},
            }
        ]
    conforms("spdx", statements[SPDX]["predicate"])
    conforms("provenance", statements[PROVENANCE]["predicate"])


def test_two_stores_attest_in_equal_bytes(build: Build, tmp_path: Path, layout: Any) -> None:
    build("a", attestations=(AttestationSpec("sbom"), *max_mode()))
    build("b", attestations=(AttestationSpec("sbom"), *max_mode()))
    digests = {layout(tmp_path / name).attestations()[0]["digest"] for name in "ab"}
    assert len(digests) == 1


def test_a_later_build_replaces_what_an_earlier_one_attested(
    build: Build, tmp_path: Path, layout: Any
) -> None:
    build()
    build(attestations=max_mode())
    (entry,) = layout(tmp_path / "store").attestations()
    assert set(layout(tmp_path / "store").statements(entry)) == {PROVENANCE}


def test_provenance_names_what_went_in(
    build: Build, tmp_path: Path, context: Path, layout: Any
) -> None:
    build("base", tags=("base:1",), attestations=())
    base = layout(tmp_path / "base").index["manifests"][0]["digest"]
    (context / "Dockerfile").write_text(
        "FROM base:1 AS unused\nFROM base:1 AS top\nCOPY node_modules /n/\nFROM scratch AS other\nCOPY x /\n"
    )
    build("base", target="top", tags=("top:1",))
    found = layout(tmp_path / "base")
    (entry,) = found.attestations()
    value = found.statements(entry)[PROVENANCE]["predicate"]
    used = value["buildDefinition"]["resolvedDependencies"]
    assert used[1] == {
        "uri": "pkg:docker/base@1?platform=linux%2Famd64",
        "digest": {"sha256": base[7:]},
    }
    assert (used[0]["name"], len(used)) == ("context:/node_modules", 2)
    before = used[0]["digest"]
    (context / "node_modules" / "new").write_text("x")
    build("base", target="top", tags=("top:1",))
    value = layout(tmp_path / "base").statements(layout(tmp_path / "base").attestations()[-1])
    after = value[PROVENANCE]["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]
    assert before != after


def test_remote_files_and_checksums_are_materials(
    build: Build, tmp_path: Path, context: Path, layout: Any, server: str
) -> None:
    content = (context / "Dockerfile").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    address = f"{server}/Dockerfile"
    (context / "Dockerfile").write_text(
        f"FROM scratch\nADD {address.replace('//', '//user:word@')}?token=hidden /a\n"
    )
    served = hashlib.sha256((context / "Dockerfile").read_bytes()).hexdigest()
    assert served != digest
    build()
    text = json.dumps(predicate(layout, tmp_path / "store", PROVENANCE))
    used = json.loads(text)["buildDefinition"]["resolvedDependencies"]
    assert used == [{"uri": address, "digest": {"sha256": served}}]
    assert "word" not in text
    assert "hidden" not in text


def test_a_commit_of_a_repository_is_a_material(
    build: Build, tmp_path: Path, context: Path, layout: Any, server: str
) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")

    def git(*words: str) -> str:
        who = {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
        ended = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=b", *words],
            cwd=context,
            env=who,
            check=True,
            capture_output=True,
            text=True,
        )
        return ended.stdout.strip()

    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "one")
    git("update-server-info")
    commit = git("rev-parse", "HEAD")
    (context / "Dockerfile").write_text(f"FROM scratch\nADD {server}/.git#main /a\n")
    build()
    value = predicate(layout, tmp_path / "store", PROVENANCE)
    assert value["buildDefinition"]["resolvedDependencies"] == [
        {"uri": f"{server}/.git#main", "digest": {"gitCommit": commit}}
    ]


def test_only_max_tells_arguments_and_nothing_tells_secrets(
    build: Build, tmp_path: Path, context: Path, layout: Any
) -> None:
    fields = {
        "build_args": (("WHO", "argument-value"), ("HTTPS_PROXY", "http://user:proxy-value@p")),
        "labels": (("l", "label-value"),),
        "secrets": (SecretSpec("s", value=Secret("secret-value")),),
    }
    texts = {}
    for mode in ("min", "max"):
        spec = (AttestationSpec("provenance", (("mode", mode),)),)
        build(mode, attestations=spec, **fields)
        texts[mode] = json.dumps(predicate(layout, tmp_path / mode, PROVENANCE))
        assert "secret-value" not in texts[mode]
        assert "proxy-value" not in texts[mode]
        assert str(tmp_path) not in texts[mode]
    assert "argument-value" not in texts["min"]
    assert "label-value" not in texts["min"]
    asked = json.loads(texts["max"])["buildDefinition"]["externalParameters"]["request"]
    assert asked["args"] == {"build-arg:WHO": "argument-value", "label:l": "label-value"}
    assert asked["secrets"] == [{"id": "s", "optional": True}]
    source = json.loads(texts["max"])["runDetails"]["metadata"]["lithify_source"]["data"]
    assert base64.b64decode(source) == (context / "Dockerfile").read_bytes()


def test_times_are_only_there_when_asked_for(build: Build, tmp_path: Path, layout: Any) -> None:
    build("without", attestations=max_mode())
    build("with", attestations=max_mode(times="true"))
    metadata = {
        name: predicate(layout, tmp_path / name, PROVENANCE)["runDetails"]["metadata"]
        for name in ("without", "with")
    }
    assert "startedOn" not in metadata["without"]
    assert metadata["with"]["startedOn"] <= metadata["with"]["finishedOn"]


def test_an_archive_says_it_of_the_compressed_image(
    build: Build, tmp_path: Path, layout: Any, conforms: Any
) -> None:
    dest = tmp_path / "out"
    dest.mkdir()
    output = OutputSpec("oci", str(dest), (("tar", "false"),))
    result = build(outputs=(output,))
    found = layout(dest)
    image, entry = found.index["manifests"]
    assert image["digest"] == result.digest
    conforms("index", found.index)
    conforms("manifest", found.document(image["digest"]))
    conforms("config", found.document(found.document(image["digest"])["config"]["digest"]))
    for statement in found.statements(entry).values():
        assert statement["subject"][0]["digest"] == {"sha256": result.digest[7:]}
    again = build("other", outputs=(output,))
    assert again.digest == result.digest
    assert [one["digest"] for one in layout(dest).index["manifests"]] == [
        one["digest"] for one in found.index["manifests"]
    ]


@pytest.mark.parametrize("kind", ["oci", "image"])
def test_they_can_be_listed_in_an_index_as_buildkit_does(
    build: Build, tmp_path: Path, layout: Any, conforms: Any, kind: str
) -> None:
    dest = tmp_path / "out"
    dest.mkdir()
    options = (("attestations", "index"), *((("tar", "false"),) if kind == "oci" else ()))
    output = OutputSpec(kind, str(dest) if kind == "oci" else "", options)
    result = build(outputs=(output,))
    place = dest if kind == "oci" else tmp_path / "store"
    found = layout(place)
    (top,) = found.index["manifests"]
    assert top["digest"] == result.digest
    index = found.document(top["digest"])
    conforms("index", index)
    image, entry = index["manifests"]
    assert entry in found.attestations(index["manifests"])
    assert entry["annotations"]["vnd.docker.reference.digest"] == image["digest"]
    assert set(found.statements(entry)) == {SPDX, PROVENANCE}


def test_each_platform_has_its_own(build: Build, tmp_path: Path, layout: Any) -> None:
    build(platforms=("linux/amd64", "linux/arm64"))
    found = layout(tmp_path / "store")
    names = {found.statements(entry)[SPDX]["subject"][0]["name"] for entry in found.attestations()}
    assert names == {
        "pkg:docker/app@1?platform=linux%2Famd64",
        "pkg:docker/app@1?platform=linux%2Farm64",
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"outputs": (OutputSpec("tar", "x"),)}, "the tar output has no place"),
        ({"outputs": (OutputSpec("docker", "x"),)}, "the docker output has no place"),
        ({"attestations": (AttestationSpec("vex"),)}, "unknown type of attestation 'vex'"),
        ({"attestations": max_mode() * 2}, "asked for twice"),
        ({"attestations": max_mode(version="v0.2")}, "version 'v0.2' is not available"),
        ({"attestations": max_mode(colour="red")}, "unknown attribute colour=red"),
        ({"attestations": (AttestationSpec("provenance", (("times", "1"),)),)}, "needs mode=max"),
        ({"attestations": (AttestationSpec("sbom", (("generator", "x"),)),)}, "generator=x is not"),
        (
            {"outputs": (OutputSpec("oci", "x", (("oci-mediatypes", "false"),)),)},
            "cannot export attestations",
        ),
        ({"outputs": (OutputSpec("oci", "x", (("attestations", "y"),)),)}, "attestations=y"),
    ],
)
def test_what_cannot_be_honoured_is_refused(
    build: Build, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    outputs = [
        OutputSpec(one.type, str(tmp_path / one.dest), one.options)
        for one in fields.get("outputs", ())
    ]
    with pytest.raises(UsageError) as caught:
        build(**{**fields, "outputs": tuple(outputs)})
    assert message in caught.value.message


# -- in the store ---------------------------------------------------------------------------------


def test_they_are_shown_but_are_no_images(build: Build, tmp_path: Path) -> None:
    build()
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        assert [one.repository for one in engine.images()] == ["app"]
        assert [one.predicate_type for one in engine.attestations("app:1")] == [SPDX, PROVENANCE]
        shown = engine.attestations("app:1")[0].document["predicate"]["packages"]
        now = engine.sbom("app:1")["packages"]
        assert [one["SPDXID"] for one in shown] == [one["SPDXID"] for one in now]
        assert {one["name"] for one in now} >= {"left"}


def test_prune_keeps_them_with_their_image_and_rmi_removes_them(
    build: Build, tmp_path: Path, layout: Any
) -> None:
    build()
    with Store.open(tmp_path / "store", clock=lambda: 2.0) as store:
        prune(store, Policy())
        prune(store, Policy(everything=True))
    found = layout(tmp_path / "store")
    (entry,) = found.attestations()
    assert set(found.statements(entry)) == {SPDX, PROVENANCE}
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        gone = engine.remove_images(["app:1"], force=False)
    assert f"Deleted: {entry['digest']}" in gone
    assert layout(tmp_path / "store").index["manifests"] == []


def test_prune_drops_those_of_an_image_without_a_name(
    build: Build, tmp_path: Path, context: Path, layout: Any
) -> None:
    build()
    (context / "new").write_text("x")
    build(attestations=())
    with Store.open(tmp_path / "store", clock=lambda: 2.0) as store:
        prune(store, Policy())
    assert layout(tmp_path / "store").attestations() == []
    assert len(layout(tmp_path / "store").index["manifests"]) == 1


def test_saved_and_loaded_they_stay_with_their_image(build: Build, tmp_path: Path) -> None:
    build()
    archive = tmp_path / "saved.tar"
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        engine.save(["app:1"], str(archive), None, for_docker=False)
        engine.save(["app:1"], str(tmp_path / "docker.tar"), None, for_docker=True)
    with Engine(EngineOptions(str(tmp_path / "second"))) as engine, archive.open("rb") as stream:
        assert engine.load(stream) == ("docker.io/library/app:1",)
        assert [one.repository for one in engine.images()] == ["app"]
        (sbom, provenance) = engine.attestations("app:1")
        digest = engine.images()[0].digest
        assert sbom.document["subject"][0]["digest"] == {"sha256": digest[7:]}
        assert provenance.predicate_type == PROVENANCE
    with tarfile.open(tmp_path / "docker.tar") as plain:
        member = plain.extractfile("index.json")
        assert member is not None
        assert len(json.load(member)["manifests"]) == 1


def test_a_build_that_attests_is_never_answered_from_a_note(build: Build, tmp_path: Path) -> None:
    build(attestations=())
    build(attestations=())
    build()
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        assert len(engine.attestations("app:1")) == 2


def test_an_image_without_files_can_be_attested(
    build: Build, context: Path, tmp_path: Path
) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    build()
    with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
        assert len(engine.attestations("app:1")) == 2


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("MIT", True),
        ("(MIT OR Apache-2.0) AND BSD-3-Clause", True),
        ("GPL-2.0-only AND", False),
        ("(MIT", False),
        ("GPLv3+", False),
        ("MIT MIT", False),
        ("MIT, BSD", False),
        ("", False),
    ],
)
def test_only_real_expressions_are_declared(text: str, known: bool) -> None:
    assert _is_expression(text) is known
