"""Builds through the engine in a store of their own, and what was said of each step."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.cli.main import main
from lithify.executor.events import PlanReady, StepCached, StepFinished
from lithify.requests import BuildRequest, CacheSpec, EngineOptions

if TYPE_CHECKING:
    from lithify.executor.events import Event


@dataclass
class Said:
    """What became of the steps of one build: instruction -> reason, '' for a cached one."""

    digest: str = ""
    names: dict[int, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        match event:
            case PlanReady(steps):
                self.names = {one.index: one.name.partition("] ")[2] for one in steps}
            case StepCached(index):
                self.reasons[self.names[index]] = ""
            case StepFinished(index, _, reason):
                self.reasons[self.names[index]] = reason

    def of(self, start: str) -> str:
        """The reason of the last step that starts so."""
        return [why for name, why in self.reasons.items() if name.startswith(start)][-1]


class Lab:
    """A context, a Dockerfile and a store; every build is one of a new engine, as on a command line."""

    def __init__(self, root: Path, base: tuple[tuple[str, str], ...] = ()) -> None:
        self.context = root / "context"
        self.context.mkdir(parents=True)
        self.store = root / "store"
        self.request = BuildRequest(str(self.context), build_contexts=base)

    def dockerfile(self, *lines: str) -> None:
        self.write("Dockerfile", "\n".join(lines) + "\n")
        self.write("Dockerfile.dockerignore", "Dockerfile*\n")

    def write(self, name: str, text: str) -> Path:
        path = self.context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def engine(self) -> Engine:
        return Engine(EngineOptions(str(self.store)))

    def build(self, **changed: Any) -> Said:
        said = Said()
        with self.engine() as engine:
            said.digest = engine.build(replace(self.request, **changed), said.hear).digest
        return said

    def image(self, name: str, content: str) -> None:
        """Give an image with one file a name."""
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as archive:
            member = tarfile.TarInfo("base.txt")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
        raw.seek(0)
        with self.engine() as engine:
            engine.import_tar(raw, (name,))


class TravellingLab(Lab):
    """One whose builds have a store of their own each, and only a shared cache in common."""

    def __init__(self, root: Path, base: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(root, base)
        self._stores = root / "stores"
        self._images: list[tuple[str, str]] = []
        folder = str(root / "cache")
        self.request = replace(
            self.request,
            cache_from=(CacheSpec("local", (("src", folder),)),),
            cache_to=(CacheSpec("local", (("dest", folder), ("mode", "max"))),),
        )

    def image(self, name: str, content: str) -> None:
        self._images.append((name, content))

    def build(self, **changed: Any) -> Said:
        self.store = self._stores / str(len(list(self._stores.glob("*"))))
        for name, content in self._images:
            super().image(name, content)
        return super().build(**changed)


_LABS = {"store": Lab, "shared cache": TravellingLab}


@pytest.fixture(params=_LABS)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    """Where what earlier builds did is known from the store, or from a shared cache alone."""
    made: Lab = _LABS[request.param](tmp_path)
    return made


@pytest.fixture
def store_lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, str], ...]:
    """The named context that makes `FROM busybox` find the bootstrapped image, in whatever store."""
    store = tmp_path_factory.mktemp("busybox") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # the installed program is used, and no mirror is asked
        assert main(["--root", str(store), "bootstrap", "busybox"]) == 0
    with Engine(EngineOptions(str(store))) as engine:
        (digest,) = {image.digest for image in engine.images()}
    return (("busybox", f"oci-layout://{store}@{digest}"),)


@pytest.fixture(params=_LABS)
def shell_lab(
    request: pytest.FixtureRequest, tmp_path: Path, busybox: tuple[tuple[str, str], ...]
) -> Lab:
    """One whose steps can run programs."""
    made: Lab = _LABS[request.param](tmp_path, busybox)
    return made


@pytest.fixture
def store_shell_lab(tmp_path: Path, busybox: tuple[tuple[str, str], ...]) -> Lab:
    return Lab(tmp_path, busybox)
