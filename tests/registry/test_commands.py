"""pull, push, save, import, login and builds with registries, as a user types them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Image, RealRegistry

    MakeImage = Callable[..., Image]
    Start = Callable[..., RealRegistry]

_ROOT = str(Path(__file__).parents[2])


class Shell:
    """Runs lithify with a store and a home of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environ = {
            **os.environ,
            **environment,
            "PYTHONPATH": _ROOT,
            "LITHIFY_HOME": str(folder / "store"),
        }
        del self.environ["REGISTRY_AUTH_FILE"]

    def __call__(self, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
        ended = self.bytes(*arguments, given=given)
        return ended.returncode, ended.stdout.decode(), ended.stderr.decode()

    def bytes(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "lithify.cli.main", *arguments],
            env=self.environ,
            cwd=self.folder,
            input=given,
            capture_output=True,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Shell:
    return Shell(tmp_path, environment)


@pytest.fixture
def app(image: MakeImage, fake: FakeRegistry) -> Image:
    made = image({"a": b"1"}, {"b": b"2"})
    fake.add("app", made, "1")
    return made


def _rootfs() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("etc/motd")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"hi\n"))
    return out.getvalue()


def test_pull_and_push_print_names_and_digests(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    name = f"{fake.host}/app:1"
    status, out, err = shell("pull", name)
    assert (status, out) == (0, f"Digest: {app.digest}\n{name}\n"), err
    assert f"pulling {name}" in err
    assert shell("pull", "-q", name)[1:] == (f"{name}\n", "")
    shell("tag", name, f"{fake.host}/copy:2")
    status, out, err = shell("push", f"{fake.host}/copy:2")
    assert (status, out) == (0, f"{fake.host}/copy:2: digest: {app.digest}\n"), err
    assert fake.manifests["copy", "2"][1] == app.manifest


def test_progress_is_told_by_bytes(shell: Shell, app: Image, fake: FakeRegistry) -> None:
    _, _, err = shell("pull", "--progress=rawjson", f"{fake.host}/app:1")
    events = [json.loads(line) for line in err.splitlines()]
    last = [one for one in events if one["event"] == "phase_progress"][-1]
    total = sum(len(app.blobs[digest]) for digest in app.layers)
    assert (last["done_bytes"], last["total_bytes"]) == (total, total)


def test_a_failed_pull_leaves_no_name(shell: Shell, app: Image, fake: FakeRegistry) -> None:
    fake.blobs[("app", app.layers[1])] = b"something else"
    status, _, err = shell("pull", f"{fake.host}/app:1")
    assert status == 1
    assert "nothing was kept" in err
    assert "Traceback" not in err
    assert shell("images", "-q")[1] == ""


def test_an_image_that_is_not_there_is_told_with_a_hint(shell: Shell, fake: FakeRegistry) -> None:
    status, _, err = shell("pull", f"{fake.host}/nothing:1")
    assert status == 1
    assert "answered 404 (manifest unknown)" in err
    assert "= help: check the name" in err


def test_saved_images_are_loaded_with_all_their_names(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    name = f"{fake.host}/app:1"
    shell("pull", "-q", name)
    shell("import", "-", "local:1", given=_rootfs())
    shell("tag", name, "other:3")
    for kind in ("docker-archive", "oci-archive"):
        status, _, err = shell("save", "--format", kind, "-o", "x.tar", name, "other:3", "local:1")
        assert status == 0, err
        archive = (shell.folder / "x.tar").read_bytes()
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            assert ("manifest.json" in opened.getnames()) == (kind == "docker-archive")
        other = Shell(shell.folder, {**shell.environ})
        other.environ["LITHIFY_HOME"] = str(shell.folder / kind)
        status, out, err = other("load", given=archive)
        assert status == 0, err
        assert name in out
        assert "other:3" in out
        assert "local:1" in out
        (shown,) = json.loads(other("inspect", "other:3")[1])
        assert shown["Id"] == app.digest


def test_an_archive_for_docker_says_which_names_are_which(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    shell("pull", "-q", f"{fake.host}/app:1")
    shell("tag", f"{fake.host}/app:1", "other:3")
    archive = shell.bytes("save", f"{fake.host}/app:1", "other:3").stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        manifest = opened.extractfile("manifest.json")
        assert manifest is not None
        (entry,) = json.load(manifest)
    assert entry["RepoTags"] == [f"{fake.host}/app:1", "other:3"]
    assert len(entry["Layers"]) == 2


def test_an_imported_tar_is_an_image_of_one_layer(shell: Shell) -> None:
    status, out, err = shell("import", "-m", "by hand", "-", "box:1", given=_rootfs())
    assert status == 0, err
    (shown,) = json.loads(shell("inspect", "box:1")[1])
    assert shown["Id"] == out.strip()
    assert len(shown["RootFS"]["Layers"]) == 1
    assert "by hand" in shell("history", "box:1")[1]
    assert shell("import", "-", given=b"no tar" * 100)[0] == 1


def test_login_reads_the_password_from_standard_input(
    shell: Shell, start_registry: Start, htpasswd: str
) -> None:
    registry = start_registry(settings=htpasswd)
    login = ("login", "-u", "horse", "--password-stdin", registry.host)
    status, out, err = shell(*login, given=b"wrong\n")
    assert status == 1
    assert "answered 401" in err
    status, out, err = shell(*login, given=b"right horse\n")
    assert (status, out) == (0, "Login Succeeded\n"), err
    assert "right horse" not in out + err
    assert "stored unencrypted" in err
    assert shell("logout", registry.host)[1].startswith("Removed login credentials")
    assert shell("logout", registry.host)[:2] == (0, f"Not logged in to {registry.host}\n")


def test_login_refuses_to_ask_where_nobody_can_answer(shell: Shell) -> None:
    status, _, err = shell("login", "registry.invalid")
    assert status == 2
    assert "not a terminal" in err
    status, _, err = shell("login", "--password-stdin", "registry.invalid", given=b"x")
    assert (status, "must provide --username" in err) == (2, True)


def test_a_build_pushes_without_fetching_what_the_registry_has(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nENV B=2\n")
    name = f"{fake.host}/built:1"
    status, _, err = shell("build", "-t", name, "--push", "--iidfile", "iid", ".")
    assert status == 0, err
    pushed = json.loads(fake.manifests["built", "1"][1])
    assert [one["digest"] for one in pushed["layers"]] == app.layers
    assert not [one for one in app.layers if fake.count("GET", one)]
    assert (shell.folder / "iid").read_text() in fake.manifests["built", "1"][0] or (
        ("built", (shell.folder / "iid").read_text()) in fake.manifests
    )
    assert shell("images", "-q")[1] == ""


def test_a_kept_image_is_whole(shell: Shell, app: Image, fake: FakeRegistry) -> None:
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nENV B=2\n")
    status, _, err = shell("build", "-t", "built:1", ".")
    assert status == 0, err
    fake.fault = lambda handler: handler.drop() is None
    assert shell("save", "-o", "x.tar", "built:1")[0] == 0


def test_an_image_output_may_push_as_well(shell: Shell, app: Image, fake: FakeRegistry) -> None:
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nENV B=2\n")
    output = f"type=image,name={fake.host}/two:1,push=true"
    status, _, err = shell("build", "-o", output, ".")
    assert status == 0, err
    assert ("two", "1") in fake.manifests
    assert f"{fake.host}/two" in shell("images")[1]


def test_an_offline_build_uses_what_was_resolved_before(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nENV B=2\n")
    assert shell("build", "-t", "one:1", ".")[0] == 0
    fake.fault = lambda handler: handler.drop() is None
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nENV B=3\n")
    status, _, err = shell("build", "-t", "two:1", "--offline", ".")
    assert status == 0, err
    (shell.folder / "Dockerfile").write_text(
        f"FROM {fake.host}/app:1 AS a\nFROM {fake.host}/app:2\nCOPY --from=a /a /a\n"
    )
    status, _, err = shell("build", "--offline", ".")
    assert status == 1
    assert f"--> Dockerfile:2:6\n   |\n 2 | FROM {fake.host}/app:2" in err
    assert "--offline" in err


def test_a_refusal_of_the_registry_points_at_the_line(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    fake.fault = lambda handler: handler.answer(403) is None
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\n")
    status, _, err = shell("build", ".")
    assert status == 1
    assert "answered 403" in err
    assert "Dockerfile:1:6" in err


@pytest.mark.root
def test_a_step_fetches_the_base_it_stands_on_and_a_cached_one_does_not(
    shell: Shell, app: Image, fake: FakeRegistry
) -> None:
    (shell.folder / "Dockerfile").write_text(f"FROM {fake.host}/app:1\nCOPY Dockerfile /x\n")
    build = ("build", "-t", f"{fake.host}/built:1", "--push", ".")
    status, _, err = shell(*build)
    assert status == 0, err
    assert [fake.count("GET", one) for one in app.layers] == [1, 1]
    for digest in app.layers:
        (shell.folder / "store" / "blobs" / "sha256" / digest.hex).unlink()
    assert "CACHED" in shell(*build)[2]
    assert [fake.count("GET", one) for one in app.layers] == [1, 1]


def test_offline_lists_all_that_is_missing(shell: Shell, fake: FakeRegistry) -> None:
    (shell.folder / "Dockerfile").write_text(
        "FROM one:1 AS a\nFROM two:2 AS b\nFROM three:3\nCOPY --from=a / /a\nCOPY --from=b / /b\n"
    )
    status, _, err = shell("build", "--offline", ".")
    assert status == 1
    assert "one:1" in err
    assert "these are missing as well: two:2 (line 2), three:3 (line 3)" in err


@pytest.mark.root
def test_run_pulls_what_is_not_here(shell: Shell, app: Image, fake: FakeRegistry) -> None:
    status, _, err = shell("run", f"{fake.host}/app:1", "/nothing")
    assert status not in (0, 1, 70), err
    assert f"{fake.host}/app" in shell("images")[1]
    status, _, err = shell("run", f"{fake.host}/nothing:1")
    assert status in (1, 125)
    assert "answered 404" in err
