"""`lithify diff` compares whatever holds images, and answers by its exit status as diff(1) does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lithify.cli.main import main

pytestmark = pytest.mark.root


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with `one` and `two`, which differ in one line of one file."""
    for name in ("one", "two"):
        context = tmp_path / name
        context.mkdir()
        (context / "file").write_text(f"same\n{name}\n")
        (context / "Dockerfile").write_text("FROM scratch\nCOPY file /etc/file\n")
        words = ["build", "-q", "-t", name, str(context)]
        assert main(["--root", str(tmp_path / "store"), *words]) == 0
    return tmp_path / "store"


def _diff(store: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    status = main(["--root", str(store), "diff", "--json", *words])
    return status, json.loads(capsys.readouterr().out)


def test_an_image_equals_itself(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = _diff(store, capsys, "one", "one")
    assert (status, found["equal"], found["differences"]) == (0, True, [])


def test_the_line_that_differs_is_shown(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--root", str(store), "diff", "one", "two"]) == 1
    shown = capsys.readouterr().out
    assert "~ /etc/file" in shown
    assert "-one" in shown and "+two" in shown


def test_archives_and_layouts_are_compared_without_taking_them_in(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "two.tar"
    assert main(["--root", str(store), "save", "-o", str(archive), "two"]) == 0
    before = (store / "index.json").read_bytes()
    for other in (
        str(archive),
        f"{archive}:two",
        f"oci-layout://{store}:docker.io/library/two:latest",
    ):
        status, found = _diff(store, capsys, "one", other)
        assert status == 1
        assert "/etc/file" in [one["path"] for one in found["differences"]]
    assert (store / "index.json").read_bytes() == before


def test_the_same_image_compressed_otherwise_is_called_so(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "one.tar"
    assert main(["--root", str(store), "save", "-o", str(archive), "one"]) == 0
    _, found = _diff(store, capsys, "one", str(archive))
    (only,) = found["differences"]
    assert only["path"].startswith("the layers are compressed differently")


def test_layers_are_compared_by_their_digests(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = []
    for name in ("one", "two"):
        capsys.readouterr()
        assert main(["--root", str(store), "inspect", name]) == 0
        layers += json.loads(capsys.readouterr().out)[0]["RootFS"]["Layers"]
    status, found = _diff(store, capsys, *layers)
    assert status == 1
    assert [one["path"] for one in found["differences"]] == ["/etc/file"]


def test_images_for_several_platforms_are_compared_platform_by_platform(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, platforms in (("one", "linux/amd64,linux/arm64"), ("two", "linux/arm64,linux/s390x")):
        words = ["build", "-q", "-t", f"{name}:many", "--platform", platforms, str(tmp_path / name)]
        assert main(["--root", str(store), *words]) == 0
    _, found = _diff(store, capsys, "one:many", "two:many")
    changes = {(one["platform"], one["path"]): one["change"] for one in found["differences"]}
    assert changes["linux/amd64", "linux/amd64"] == "removed"
    assert changes["linux/s390x", "linux/s390x"] == "added"
    assert changes["linux/arm64", "/etc/file"] == "changed"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("one", "nowhere"), "no such image: nowhere"),
        (("one",), "required"),
        (("one", "sha256:" + "0" * 64), "no such image"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(
    words: tuple[str, ...], message: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(store), "diff", *words]) == 2
    assert message in capsys.readouterr().err
