"""What rules see of the machine: folders as build contexts, and images of a store, with all that may be wrong with
them."""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.cache.digest import Digest
from lithify.cache.oci import MEDIA_LAYER, Descriptor, ImageConfig
from lithify.cache.ports import Layer, ResolvedImage
from lithify.cache.store import Store
from lithify.compiler.offline import is_at_hand
from lithify.linting import sight
from lithify.linting.images import StoreImages
from lithify.linting.run import LintRequest, lint_paths
from lithify.linting.sight import Sight
from lithify.linting.world import FolderFiles
from lithify.requests import BuildRequest, EngineOptions
from tests.lint.conftest import AMD64

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A context with a bit of everything."""
    top = tmp_path / "context"
    (top / "src" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / ".git" / "objects").mkdir(parents=True)
    (top / ".git" / "HEAD").write_text("ref")
    (top / "node_modules" / "a").mkdir(parents=True)
    (top / "node_modules" / "a" / "x").write_text("")
    (top / "src" / "deep" / "a.py").write_text("hello")
    (top / "run.sh").write_text("x")
    (top / "run.sh").chmod(0o750)
    (top / "outside").symlink_to("/etc")
    (top / "inside").symlink_to("src")
    os.mkfifo(top / "pipe")
    return top


def test_a_folder_lists_files_directories_and_links_but_not_what_nobody_asks_for(
    folder: Path,
) -> None:
    assert sorted(FolderFiles(str(folder), Sight()).paths() or ()) == [
        ".git/",
        ".git/HEAD",
        "empty/",
        "inside",
        "node_modules/",
        "outside",
        "pipe",
        "run.sh",
        "src/",
        "src/deep/",
        "src/deep/a.py",
    ]


def test_files_are_read_in_the_folder_only_and_nothing_waits(folder: Path) -> None:
    files = FolderFiles(str(folder), Sight())
    assert files.read("src/deep/a.py", 4) == b"hell"
    assert files.read("inside/deep/a.py", 9) == b"hello"
    assert files.size("src/deep/a.py") == 5
    assert files.mode("run.sh") == 0o750
    for path in ("outside/passwd", "../context/run.sh/x", "pipe", "src", "none"):
        assert files.read(path, 9) is None
        assert path in ("src", "pipe") or files.mode(path) is None
    assert files.mode("src") is None


def test_a_folder_with_very_many_files_is_not_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "_MOST_FILES", 5)
    assert FolderFiles(str(folder), Sight()).paths() is None


@pytest.fixture
def images(tmp_path: Path) -> Iterator[StoreImages]:
    with Store.open(tmp_path / "store", clock=lambda: 0.0):
        pass
    with closing(StoreImages(str(tmp_path / "store"))) as opened:
        yield opened


def _image(root: Path, *layers: dict[str, str | None]) -> ResolvedImage:
    """An image of layers that map paths to contents; `-> x` is a link, None a directory."""
    made: list[Layer] = []
    with Store.open(root, clock=lambda: 0.0) as store:
        for entries in layers:
            data = _tar(entries)
            descriptor = store.blobs.put(data, MEDIA_LAYER)
            made.append(Layer(descriptor, Digest.of(data)))
    name = Digest.of(repr(layers).encode())
    return ResolvedImage("x", Descriptor("manifest", name, 1), ImageConfig(AMD64), tuple(made))


def _tar(entries: dict[str, str | None]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in entries.items():
            info = tarfile.TarInfo(path)
            if text is None:
                info.type = tarfile.DIRTYPE
            elif text.startswith("-> "):
                info.type, info.linkname = tarfile.SYMTYPE, text[3:]
            else:
                info.size = len(text)
            tar.addfile(info, io.BytesIO((text or "").encode()))
    return out.getvalue()


def test_an_image_is_its_layers_one_over_the_other(images: StoreImages, tmp_path: Path) -> None:
    image = _image(
        tmp_path / "store",
        {
            "usr/bin/sh": "s",
            "bin": "-> usr/bin",
            "etc/os-release": "ID=old",
            "var/a/b": "",
            "c": "",
        },
        {"etc/os-release": "ID=new", "var/.wh..wh..opq": "", "var/d": "", ".wh.c": "", "e/": None},
    )
    there = ("/bin/sh", "/usr/bin/../bin/sh", "/var/d", "/e", "/", "/usr", "/etc/os-release")
    gone = ("/var/a", "/var/a/b", "/c", "/bin/bash", "/bin/sh/x", "/.wh.c")
    assert {path: images.exists(image, path) for path in (*there, *gone)} == {
        **dict.fromkeys(there, True),
        **dict.fromkeys(gone, False),
    }
    assert images.read(image, "/etc/os-release", 5) == b"ID=ne"
    assert images.read(image, "/usr/bin/sh", 5) is None


def test_links_that_lead_in_circles_or_out_lead_nowhere(
    images: StoreImages, tmp_path: Path
) -> None:
    image = _image(
        tmp_path / "store", {"a": "-> b", "b": "-> a", "up": "-> ../../../etc", "etc/passwd": "x"}
    )
    assert images.exists(image, "/a") is False
    assert images.exists(image, "/up/passwd") is True


def test_what_was_found_in_an_image_is_remembered_and_damage_only_costs_time(
    tmp_path: Path,
) -> None:
    root = tmp_path / "store"
    image = _image(root, {"etc/passwd": "root:x:0", "bin/sh": ""})
    memo = root / "contents" / f"{image.manifest.digest.hex}.json"
    for damage in (None, b"", b"{", b'{"form": 1, "links": 3, "kept": {}}', b"[]"):
        if damage is not None:
            memo.write_bytes(damage)
        with closing(StoreImages(str(root))) as images:
            assert images.exists(image, "/bin/sh") is True
            assert images.read(image, "/etc/passwd", 4) == b"root"
    (root / "blobs" / "sha256" / image.layers[0].descriptor.digest.hex).unlink()
    with closing(StoreImages(str(root))) as images:
        assert images.exists(image, "/bin/sh") is True


def test_a_layer_that_is_not_there_or_no_tar_makes_the_image_unknown(
    images: StoreImages, tmp_path: Path
) -> None:
    image = _image(tmp_path / "store", {"a": ""})
    with Store.open(tmp_path / "store", clock=lambda: 0.0) as store:
        data = b"no tar" * 200
        broken = Layer(store.blobs.put(data, MEDIA_LAYER), Digest.of(data))
    absent = Layer(Descriptor(MEDIA_LAYER, Digest.of(b"?"), 1), Digest.of(b"?"))
    for number, layer in enumerate((broken, absent)):
        manifest = Descriptor("manifest", Digest.of(b"%d" % number), 1)
        other = ResolvedImage("y", manifest, image.config, (layer,))
        assert images.exists(other, "/a") is None
        assert images.read(other, "/etc/passwd", 9) is None


def test_no_store_is_made_by_looking(tmp_path: Path) -> None:
    with closing(StoreImages(str(tmp_path / "none"))) as images:
        assert not is_at_hand(images.resolve("busybox", AMD64))
    assert not (tmp_path / "none").exists()


def test_a_file_is_checked_against_the_base_image_of_the_store(tmp_path: Path) -> None:
    context = tmp_path / "context"
    (context / "root" / "etc").mkdir(parents=True)
    (context / "root" / "etc" / "os-release").write_text("ID=alpine\nVERSION_ID=3.22\n")
    (context / "Dockerfile").write_text('FROM scratch\nCOPY root /\nONBUILD RUN true\nCMD ["x"]\n')
    store = str(tmp_path / "store")
    with Engine(EngineOptions(store)) as engine:
        engine.build(BuildRequest(str(context), tags=("base:1",)), lambda _: None)
    file = tmp_path / "Dockerfile"
    file.write_text("FROM base:1\nRUN apt-get install --yes curl\n")
    known = lint_paths([str(file)], LintRequest(store=store))[0].items
    slugs = {item.slug for item in known}
    assert {"wrong-package-manager", "onbuild-surprise"} <= slugs
    unknown = lint_paths([str(file)], LintRequest())[0].items
    assert not {"wrong-package-manager", "onbuild-surprise"} & {item.slug for item in unknown}
