"""A busybox root file system, and real processes over real overlays of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.executor.isolation.namespaces import NamespaceSandbox
from lithify.executor.isolation.ports import ExitStatus, RunSpec
from lithify.executor.isolation.stubs import write_stub_layer
from lithify.executor.snapshot.overlay import mount_overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.executor.isolation.namespaces import NamespaceProcess

BUSYBOX = Path("/bin/busybox")


@dataclass
class Outcome:
    """What a process left: its end, what it wrote, and the upper directory."""

    status: ExitStatus
    output: str
    upper: Path

    @property
    def code(self) -> int:
        return self.status.code

    @property
    def changed(self) -> list[str]:
        return sorted(str(path.relative_to(self.upper)) for path in self.upper.rglob("*"))


class World:
    """Makes overlays of the rootfs and runs processes on them."""

    def __init__(self, sandbox: NamespaceSandbox, lowers: list[Path], scratch: Path) -> None:
        self.sandbox = sandbox
        self.lowers = lowers
        self._scratch = scratch
        self._count = 0
        self._lock = threading.Lock()
        self._open: list[int] = []

    def overlay(self, lowers: list[Path] | None = None) -> tuple[int, Path]:
        """(root descriptor, upper directory) of a fresh overlay."""
        with self._lock:
            self._count += 1
            folder = self._scratch / str(self._count)
        upper, work = folder / "upper", folder / "work"
        upper.mkdir(parents=True)
        work.mkdir()
        fd = mount_overlay(lowers or self.lowers, upper=upper, work=work)
        self._open.append(fd)
        return fd, upper

    def directory(self, name: str) -> Path:
        path = self._scratch / name
        path.mkdir()
        return path

    def start(
        self, command: str | tuple[str, ...], *, root: int, output: int, **spec: Any
    ) -> NamespaceProcess:
        argv = ("/bin/sh", "-c", command) if isinstance(command, str) else command
        chosen = {"env": (("PATH", "/bin"),), "network": "none", **spec}
        sandbox = chosen.pop("sandbox", self.sandbox)
        run_spec = RunSpec(root_fd=root, argv=argv, **chosen)
        process: NamespaceProcess = sandbox.start(run_spec, stdout=output, stderr=output)
        return process

    def run(
        self, command: str | tuple[str, ...], *, lowers: list[Path] | None = None, **spec: Any
    ) -> Outcome:
        """Run to the end over a fresh overlay, collecting output."""
        root, upper = self.overlay(lowers)
        read_end, write_end = os.pipe()
        try:
            process = self.start(command, root=root, output=write_end, **spec)
        finally:
            os.close(write_end)
        with open(read_end, "rb") as reader:
            output = reader.read().decode("utf-8", "replace")
        return Outcome(process.wait(), output, upper)

    def close(self) -> None:
        for fd in self._open:
            os.close(fd)


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal tree: busybox and its links, /tmp, and nothing of /etc, /proc, /dev, /sys."""
    if not BUSYBOX.exists():
        pytest.skip("needs a static /bin/busybox")
    root = tmp_path_factory.mktemp("rootfs")
    (root / "bin").mkdir()
    shutil.copy(BUSYBOX, root / "bin" / "busybox")
    names = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout
    for name in names.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    root.chmod(0o755)
    return root


@pytest.fixture(scope="session")
def stub_layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stubs")
    write_stub_layer(path)
    return path


@pytest.fixture(scope="session")
def notices() -> list[str]:
    return []


@pytest.fixture(scope="session")
def sandbox(notices: list[str]) -> Iterator[NamespaceSandbox]:
    sandbox = NamespaceSandbox(notices.append)
    yield sandbox
    sandbox.close()


@pytest.fixture
def world(
    sandbox: NamespaceSandbox, rootfs: Path, stub_layer: Path, tmp_path: Path
) -> Iterator[World]:
    world = World(sandbox, [rootfs, stub_layer], tmp_path)
    yield world
    world.close()


@pytest.fixture
def run(world: World) -> Callable[..., Outcome]:
    return world.run
