"""A store that was damaged gives a clear error or heals; what is built from it is never wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.root

_DOCKERFILE = "FROM busybox\nCOPY a /a\nRUN cat /a > /b && echo c > /c\nRUN cat /b /c > /d\n"


@dataclass(frozen=True)
class Built:
    """A store in which a context was built, and one with a step more that it does not know."""

    store: Path
    context: Path
    digest: str
    longer: Path
    longer_digest: str


@pytest.fixture(scope="module")
def built(host_world: Any, busybox_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    context = _context(folder / "context", _DOCKERFILE)
    longer = _context(folder / "longer", f"{_DOCKERFILE}RUN cp /d /e\n")
    store, other = folder / "store", folder / "other"
    for copy in (store, other):
        _copy(busybox_store, copy)
    ended = [
        host_world.run("--root", str(root), "build", "-q", str(path))
        for root, path in ((store, context), (other, longer), (store, context))
    ]
    assert [one.returncode for one in ended] == [0, 0, 0]
    return Built(store, context, ended[0].stdout, longer, ended[1].stdout)


def _copy(store: Path, to: Path) -> None:
    """With everything that the kernel knows of it."""
    subprocess.run(["cp", "-a", str(store), str(to)], check=True)


def _context(folder: Path, dockerfile: str) -> Path:
    folder.mkdir()
    (folder / "Dockerfile").write_text(dockerfile)
    (folder / "a").write_text("a\n" * 3000)
    return folder


def _each_blob(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        for path in (store / "blobs" / "sha256").iterdir():
            path.write_bytes(change(path.read_bytes()))

    return damage


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :] if data else data


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        for path in store.glob("records.db-*"):
            path.unlink()
        (store / name).write_bytes(data)

    return damage


def _truncate(name: str) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        os.truncate(store / name, (store / name).stat().st_size // 2)

    return damage


def _remove(name: str) -> Callable[[Path], None]:
    def damage(store: Path) -> None:
        path = store / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def _forget_layers(store: Path) -> None:
    for path in (store / "blobs" / "sha256").iterdir():
        if path.read_bytes()[:1] != b"{":
            path.unlink()


def _block(name: str) -> Callable[[Path], None]:
    """Something of another kind in the place of a file or folder."""

    def damage(store: Path) -> None:
        path = store / name
        if path.is_dir():
            shutil.rmtree(path)
            path.write_bytes(b"")
        else:
            path.unlink()
            path.mkdir()

    return damage


_DAMAGES: dict[str, Callable[[Path], None]] = {
    "a bit of every blob is flipped": _each_blob(_flip),
    "every blob is cut in half": _each_blob(lambda data: data[: len(data) // 2]),
    "every blob is empty": _each_blob(lambda _: b""),
    "every blob has grown": _each_blob(lambda data: data + b"more"),
    "the layers are gone": _forget_layers,
    "the blobs are gone": _remove("blobs"),
    "the records are garbage": _write("records.db", b"garbage" * 1000),
    "the records are empty": _write("records.db", b""),
    "the records are cut in half": _truncate("records.db"),
    "the records are gone": _remove("records.db"),
    "the records are a folder": _block("records.db"),
    "the index is garbage": _write("index.json", b"\xff\xfe not JSON"),
    "the index is of another kind": _write("index.json", b"[1, 2]"),
    "the index names what is not there": _write(
        "index.json",
        json.dumps(
            {
                "schemaVersion": 2,
                "manifests": [
                    {
                        "mediaType": "application/vnd.oci.image.manifest.v1+json",
                        "digest": "sha256:" + "0" * 64,
                        "size": 3,
                    }
                ],
            }
        ).encode(),
    ),
    "the index is deeply nested": _write("index.json", b'{"a":' * 100_000),
    "the index is gone": _remove("index.json"),
    "the layout file is garbage": _write("oci-layout", b"{}"),
    "the format is unknown": _write("format", b"99\n"),
    "the snapshots are gone": _remove("snapshots"),
    "the snapshots are a file": _block("snapshots"),
    "the temporary area is a file": _block("tmp"),
    "the locks are a file": _block("locks"),
}


@pytest.mark.parametrize("damage", [pytest.param(_DAMAGES[one], id=one) for one in _DAMAGES])
def test_damaged_store_is_a_clear_error_or_heals(
    host_world: Any, built: Built, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    store = tmp_path / "store"
    _copy(built.store, store)
    damage(store)
    # The second one runs a step upon what is damaged.
    for context, undisturbed in (
        (built.context, built.digest),
        (built.longer, built.longer_digest),
    ):
        ended = host_world.run("--root", str(store), "build", "-q", str(context))
        assert ended.returncode in (0, 1), ended.stderr
        assert "Traceback" not in ended.stderr
        if ended.returncode == 0:
            assert ended.stdout == undisturbed
        else:
            assert ended.stderr.startswith("error: ")
            assert "help: " in ended.stderr


def test_a_damaged_base_is_refused_by_its_digest(host_world: Any, tmp_path: Path) -> None:
    context, base = _context(tmp_path / "context", _DOCKERFILE), tmp_path / "base"
    assert host_world.build(base, context, "-t", "own").returncode == 0
    (entry,) = json.loads((base / "index.json").read_bytes())["manifests"]
    _each_blob(lambda data: data if data[:1] == b"{" else _flip(data))(base)
    (context / "Dockerfile").write_text("FROM own\nRUN true\n")
    own = ("--build-context", f"own=oci-layout://{base}@{entry['digest']}")
    built = host_world.run("--root", str(tmp_path / "store"), "build", *own, str(context))
    assert built.returncode == 1
    assert "sha256:" in built.stderr
    assert "Traceback" not in built.stderr
