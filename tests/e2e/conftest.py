"""Realistic Dockerfiles with what is expected of them, and builds of them in stores of their own.

A case is a folder of `dockerfiles/`: `context/` is what is built, `contexts/NAME/` are named contexts, `archives/NAME/`
holds what is packed into the context as the archive NAME, and `expectations.json` says with which arguments to build and
what must come out.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lithify
from lithify.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).with_name("dockerfiles")
#: The machine's certificate authorities, among which one of a proxy may be.
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_ARCHIVE_TIME_S = 1_500_000_000
_OTHER_TIME_S = 1_700_000_000
_KINDS = {
    "dir": tarfile.TarInfo.isdir,
    "fifo": tarfile.TarInfo.isfifo,
    "char": tarfile.TarInfo.ischr,
}
_PACKAGE = str(Path(lithify.__file__).parents[1])


@dataclass(frozen=True)
class Case:
    """One folder of `dockerfiles/`."""

    folder: Path
    expected: dict[str, Any]

    @property
    def needs_network(self) -> bool:
        return bool(self.expected.get("network"))

    def lay_out(self, place: Path) -> None:
        """Copy everything below `place`, with modes that don't depend on how the sources came here."""
        for part in ("context", "contexts"):
            if (self.folder / part).is_dir():
                shutil.copytree(self.folder / part, place / part, symlinks=True)
        for path in place.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if (self.folder / "archives").is_dir():
            for source in sorted((self.folder / "archives").iterdir()):
                (place / "context" / source.name).write_bytes(_pack(source))
        (place / "secrets").mkdir()
        for name, text in self.expected.get("secrets", {}).items():
            (place / "secrets" / name).write_text(text)

    def arguments(self, place: Path) -> list[str]:
        """What `lithify build` is told, the context last."""
        words = list(self.expected.get("arguments", ()))
        if "dockerfile" in self.expected:
            words += ["--file", str(place / "context" / self.expected["dockerfile"])]
        for name in self.expected.get("secrets", {}):
            words += ["--secret", f"id={name},src={place / 'secrets' / name}"]
        if "trust" in self.expected and _AUTHORITIES.is_file():
            words += ["--secret", f"id={self.expected['trust']},src={_AUTHORITIES}"]
        if (place / "contexts").is_dir():
            for path in sorted((place / "contexts").iterdir()):
                words += ["--build-context", f"{path.name}={path}"]
        if not self.needs_network:
            words += ["--network", "none"]
        return [*words, str(place / "context")]


def _pack(source: Path) -> bytes:
    def canonical(member: tarfile.TarInfo) -> tarfile.TarInfo:
        executable = member.isdir() or member.mode & 0o100
        member.mtime, member.mode = _ARCHIVE_TIME_S, 0o755 if executable else 0o644
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    compression = source.suffix[1:]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        # Where archives leave directories out, they are implied: so it is in every plain one here.
        paths = [path for path in source.rglob("*") if compression != "tar" or not path.is_dir()]
        for path in sorted(paths):
            archive.add(path, str(path.relative_to(source)), recursive=False, filter=canonical)
    if compression == "tar":
        return out.getvalue()
    from importlib import import_module

    compress = import_module({"gz": "gzip", "bz2": "bz2", "xz": "lzma"}[compression]).compress
    options = {"mtime": 0} if compression == "gz" else {}
    return bytes(compress(out.getvalue(), **options))


def read_cases(*, network: bool) -> list[Any]:
    """The cases as parameters, named by their folders."""
    cases = [
        Case(path.parent, json.loads(path.read_text("utf-8")))
        for path in sorted(CASES.glob("*/expectations.json"))
    ]
    return [pytest.param(one, id=one.folder.name) for one in cases if one.needs_network == network]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name in ("case", "network_case"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, read_cases(network=name == "network_case"))


@dataclass(frozen=True)
class Built:
    """What a build left: the image's digest, its store, and the file system as a tar."""

    digest: str
    store: Path
    tar: Path

    def differences(self, expected: dict[str, Any]) -> list[str]:
        """What of the image is not as expected, a line each."""
        found = []
        with tarfile.open(self.tar) as archive:
            members = {one.name.strip("./"): one for one in archive.getmembers()}
            for path, wanted in expected.get("files", {}).items():
                seen = _describe(archive, members.get(path), wanted)
                found += [f"/{path}: {seen!r}, not {wanted!r}"] * (seen != wanted)
        manifest = self._document(self.digest)
        if "platforms" in expected:
            seen = [_platform(one["platform"]) for one in manifest["manifests"]]
            return found + [f"{seen}"] * (seen != expected["platforms"])
        config = self._document(manifest["config"]["digest"])
        for name, wanted in expected.get("config", {}).items():
            seen = config["config"].get(name)
            found += [f"{name}: {seen!r}, not {wanted!r}"] * (seen != wanted)
        if expected.get("platform", _platform(config)) != _platform(config):
            found.append(f"platform: {_platform(config)}")
        if expected.get("layers", len(manifest["layers"])) != len(manifest["layers"]):
            found.append(f"{len(manifest['layers'])} layers")
        return found + self._leaks(expected.get("nowhere", []))

    def _leaks(self, texts: list[str]) -> list[str]:
        """Where in the store a text is that must be nowhere."""
        files = [path for path in self.store.rglob("*") if path.is_file()]
        return [
            f"{text!r} is in {path.relative_to(self.store)}"
            for path in files
            for text in texts
            if text.encode() in path.read_bytes()
        ]

    def _document(self, digest: str) -> dict[str, Any]:
        blob = self.store / "blobs" / "sha256" / digest.removeprefix("sha256:")
        value: dict[str, Any] = json.loads(blob.read_bytes())
        return value


def _describe(archive: tarfile.TarFile, member: tarfile.TarInfo | None, wanted: Any) -> Any:
    """A member in the shape in which it is expected: None, its text, or the named properties."""
    if member is None:
        return None
    if wanted is None:
        return "there"
    properties: dict[str, Callable[[], Any]] = {
        "text": lambda: _text(archive, member),
        "mode": lambda: f"{member.mode:04o}",
        "owner": lambda: f"{member.uid}:{member.gid}",
        "link": lambda: member.linkname if member.issym() else None,
        "hardlink": lambda: member.linkname if member.islnk() else None,
        "type": lambda: next((name for name, test in _KINDS.items() if test(member)), "other"),
        "mtime": lambda: int(member.mtime),
    }
    if isinstance(wanted, str):
        return properties["text"]()
    return {name: properties[name]() for name in wanted}


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str | None:
    file = archive.extractfile(member)
    return None if file is None else file.read().decode()


def _platform(value: dict[str, Any]) -> str:
    return "/".join(value[name] for name in ("os", "architecture", "variant") if value.get(name))


@dataclass(frozen=True)
class Builder:
    """Builds cases below a folder."""

    folder: Path

    def build_twice(self, case: Case, base: list[str]) -> tuple[Built, Built]:
        """From two empty stores: here, and in a process that hashes strings differently, from files of another
        path and time."""
        here = self._build(case, self.folder / "first", base, main)
        return here, self._build(case, self.folder / "second" / "place", base, _run_elsewhere)

    def build_again(self, case: Case, place: Path, store: Path) -> tuple[int, str]:
        """Build what already lies in `place` in a store that has the bases: exit status and digest."""
        iid = self.folder / "iid"
        words = ["--root", str(store), "build", "--iidfile", str(iid), *case.arguments(place)]
        status = main(words)
        return status, iid.read_text() if status == 0 else ""

    def _build(
        self, case: Case, place: Path, base: list[str], run: Callable[[list[str]], int]
    ) -> Built:
        place.mkdir(parents=True)
        case.lay_out(place)
        store, tar, iid = place / "store", place / "image.tar", place / "iid"
        outputs = ["-o", "type=image", "-o", f"type=tar,dest={tar}", "--iidfile", str(iid)]
        words = ["--root", str(store), "build", *outputs, *base, *case.arguments(place)]
        assert run(words) == 0, "the build failed; what it said is above"
        return Built(iid.read_text(), store, tar)


def _run_elsewhere(words: list[str]) -> int:
    context = Path(words[-1])
    for path in (context, *context.rglob("*")):
        os.utime(path, (_OTHER_TIME_S, _OTHER_TIME_S), follow_symlinks=False)
    environ = {**os.environ, "PYTHONPATH": _PACKAGE, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-m", "lithify.cli.main", *words]
    return subprocess.run(command, env=environ, cwd=context, check=False, umask=0o077).returncode


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(tmp_path)


@pytest.fixture(scope="session")
def busybox_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing but the bootstrapped image."""
    store = tmp_path_factory.mktemp("busybox") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # the installed program is used, and no mirror is asked
        assert main(["--root", str(store), "bootstrap", "busybox"]) == 0
    return store


@pytest.fixture(scope="session")
def busybox(busybox_store: Path) -> list[str]:
    """The arguments that make `FROM busybox` find the bootstrapped image, in whatever store."""
    return _image_arguments(busybox_store, "busybox:latest")


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The same for `FROM debian:bookworm`, made by the machine's apt."""
    store = tmp_path_factory.mktemp("debian") / "store"
    assert main(["--root", str(store), "bootstrap", "debian:bookworm"]) == 0
    return _image_arguments(store, "debian:bookworm")


def _image_arguments(store: Path, name: str) -> list[str]:
    """The arguments that give an image of one store its name in builds of another."""
    (digest,) = {
        entry["digest"]
        for entry in json.loads((store / "index.json").read_bytes())["manifests"]
        if entry["annotations"]["org.opencontainers.image.ref.name"].endswith(f"/{name}")
    }
    return ["--build-context", f"{name}=oci-layout://{store}@{digest}"]
