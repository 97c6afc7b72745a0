"""Debian's registry, skopeo and buildah: what one of us pushes, the others pull, under the same digest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.errors import RegistryUnreachable, Secret, Unauthorized
from lithify.registries import wanted_platforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Image, RealRegistry

    from lithify.cache.store import Store
    from lithify.registries import RegistryAccess

    MakeImage = Callable[..., Image]
    Access = Callable[..., RegistryAccess]
    Start = Callable[..., RealRegistry]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _run(*arguments: str, **environ: str) -> str:
    ended = subprocess.run(
        [_program(arguments[0]), *arguments[1:]],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def pulled(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> tuple[RegistryAccess, Image]:
    """An image in the store, of two layers, the second larger than what is sent at once."""
    made = image({"a": b"1"}, {"noise": os.urandom(5_000_000)})
    fake.add("app", made, "1")
    opened = access(store)
    opened.pull(f"{fake.host}/app:1", None)
    store.images.tag("app:1", opened.pull(f"{fake.host}/app:1", None)[1])
    return opened, made


def _push(store: Store, opened: RegistryAccess, name: str) -> str:
    found = store.images.get("app:1")
    assert found is not None
    store.images.tag(name, found)
    return opened.push_stored(name, None, "gzip")


def test_what_lithify_pushes_skopeo_and_buildah_pull(
    pulled: tuple[RegistryAccess, Image], store: Store, start_registry: Start, tmp_path: Path
) -> None:
    opened, made = pulled
    registry = start_registry()
    assert _push(store, opened, f"{registry.host}/team/app:1") == made.digest
    place = f"docker://{registry.host}/team/app:1"
    _run("skopeo", "copy", "--src-tls-verify=false", place, f"oci:{tmp_path}/copy:1")
    index = json.loads((tmp_path / "copy" / "index.json").read_text())
    assert index["manifests"][0]["digest"] == made.digest
    for digest, data in made.blobs.items():
        assert (tmp_path / "copy" / "blobs" / "sha256" / digest[7:]).read_bytes() == data
    if os.geteuid() == 0:
        folders = ["--root", f"{tmp_path}/b", "--runroot", f"{tmp_path}/r", "--storage-driver=vfs"]
        _run("buildah", *folders, "pull", "-q", "--tls-verify=false", place)
        assert made.digest in _run("buildah", *folders, "images", "--digests")


def test_what_skopeo_pushes_lithify_pulls(
    pulled: tuple[RegistryAccess, Image], store: Store, start_registry: Start, tmp_path: Path
) -> None:
    opened, made = pulled
    registry = start_registry()
    place = f"docker://{registry.host}/from/skopeo:1"
    layout = f"oci:{store.root}:docker.io/library/app:1"
    _run("skopeo", "copy", "--dest-tls-verify=false", layout, place)
    shown = _run("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", place)
    reference, descriptor = opened.pull(f"{registry.host}/from/skopeo:1", None)
    assert descriptor.digest == shown.strip() == made.digest
    assert store.images.get(str(reference)) == descriptor


def test_docker_manifests_keep_their_form_and_digest(
    pulled: tuple[RegistryAccess, Image], store: Store, start_registry: Start
) -> None:
    opened, _ = pulled
    registry = start_registry()
    place = f"docker://{registry.host}/v2s2:1"
    layout = f"oci:{store.root}:docker.io/library/app:1"
    _run("skopeo", "copy", "--format=v2s2", "--dest-tls-verify=false", layout, place)
    _, descriptor = opened.pull(f"{registry.host}/v2s2:1", None)
    assert descriptor.media_type == "application/vnd.docker.distribution.manifest.v2+json"
    store.images.tag(f"{registry.host}/again:1", descriptor)
    assert opened.push_stored(f"{registry.host}/again:1", None, "gzip") == descriptor.digest


def test_an_index_goes_there_and_back_and_a_part_of_it_alone(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access, start_registry: Start
) -> None:
    images = {
        name: image({"arch": name.encode()}, architecture=name) for name in ("amd64", "arm64")
    }
    digest = fake.add_index("app", images, "1")
    registry = start_registry()
    opened = access(store)
    _, descriptor = opened.pull(f"{fake.host}/app:1", None)
    assert descriptor.digest == digest
    store.images.tag(f"{registry.host}/app:1", descriptor)
    assert opened.push_stored(f"{registry.host}/app:1", None, "gzip") == digest
    (arm,) = wanted_platforms(["linux/arm64"])
    assert opened.push_stored(f"{registry.host}/app:1", arm, "gzip") == images["arm64"].digest


def test_credentials_are_asked_for_checked_kept_and_forgotten(
    pulled: tuple[RegistryAccess, Image],
    store: Store,
    start_registry: Start,
    htpasswd: str,
    environment: dict[str, str],
) -> None:
    opened, made = pulled
    registry = start_registry(settings=htpasswd)
    with pytest.raises(Unauthorized) as caught:
        _push(store, opened, f"{registry.host}/app:1")
    assert caught.value.hint == f"log in with `lithify login {registry.host}`"
    with pytest.raises(Unauthorized):
        opened.login(registry.host, lambda _: ("horse", Secret("wrong")))
    place = opened.login(registry.host, lambda _: ("horse", Secret("right horse")))
    assert place == f"{environment['HOME']}/.docker/config.json"
    assert Path(place).stat().st_mode & 0o777 == 0o600
    assert _push(store, opened, f"{registry.host}/app:1") == made.digest
    inspect = ("skopeo", "inspect", "--tls-verify=false", f"docker://{registry.host}/app:1")
    assert made.digest in _run(*inspect, REGISTRY_AUTH_FILE=place)
    assert opened.logout(registry.host)
    assert not opened.logout(registry.host)
    assert json.loads(Path(place).read_text()) == {"auths": {}}


def _authority(folder: Path) -> str:
    """An authority of ours and a certificate of it for loopback; settings of a registry that uses them."""
    folder.mkdir()
    key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
    authority = ("-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt", "-subj", "/CN=test")
    _run("openssl", "req", "-x509", *key, *authority)
    request = ("-keyout", f"{folder}/key", "-out", f"{folder}/csr", "-subj", "/CN=loopback")
    _run("openssl", "req", *key[:3], *request)
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ("-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key", "-CAcreateserial")
    files = ("-in", f"{folder}/csr", "-out", f"{folder}/crt", "-extfile", f"{folder}/names")
    _run("openssl", "x509", "-req", "-days", "2", *signed, *files)
    return f"  tls: {{certificate: {folder}/crt, key: {folder}/key}}\n"


def test_tls_is_verified_with_the_authority_of_certs_d(
    pulled: tuple[RegistryAccess, Image],
    store: Store,
    access: Access,
    start_registry: Start,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    opened, made = pulled
    registry = start_registry(http=_authority(tmp_path / "tls"))
    name = f"{registry.host}/app:1"
    with pytest.raises(RegistryUnreachable) as caught:
        _push(store, opened, name)
    assert "certificate of 127.0.0.1" in caught.value.message
    assert f"certs.d/{registry.host}/ca.crt" in caught.value.hint
    folder = Path(environment["HOME"]) / ".config" / "containers" / "certs.d" / registry.host
    folder.mkdir(parents=True)
    shutil.copy(tmp_path / "tls" / "ca.crt", folder)
    assert _push(store, access(store), name) == made.digest


def test_an_insecure_registry_needs_no_trusted_certificate(
    pulled: tuple[RegistryAccess, Image],
    store: Store,
    access: Access,
    start_registry: Start,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    registry = start_registry(http=_authority(tmp_path / "tls"))
    Path(environment["CONTAINERS_REGISTRIES_CONF"]).write_text(
        f'[[registry]]\nlocation = "{registry.host}"\ninsecure = true\n'
    )
    assert _push(store, access(store), f"{registry.host}/app:1") == pulled[1].digest


def test_a_mirror_is_asked_first_and_the_registry_if_the_mirror_fails(
    image: MakeImage,
    fake: FakeRegistry,
    store: Store,
    access: Access,
    environment: dict[str, str],
) -> None:
    only_here, elsewhere = image({"a": b"1"}), image({"a": b"2"})
    fake.add("mirrored/one", only_here, "1")
    fake.add("own/two", elsewhere, "1")
    Path(environment["CONTAINERS_REGISTRIES_CONF"]).write_text(
        f'[[registry]]\nprefix = "example.com/x"\nlocation = "{fake.host}/own"\n'
        f'[[registry.mirror]]\nlocation = "{fake.host}/mirrored"\n'
    )
    opened = access(store)
    assert opened.pull("example.com/x/one:1", None)[1].digest == only_here.digest
    assert opened.pull("example.com/x/two:1", None)[1].digest == elsewhere.digest
    assert store.images.get("example.com/x/two:1") is not None
