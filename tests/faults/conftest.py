"""Builds as processes, in a network and mount namespace of their own, and what they leave behind."""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lithify
from lithify.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = str(Path(lithify.__file__).parents[1])
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_S = 20.0
_NETWORK_LEFTOVERS = """
from pyroute2 import IPRoute
from pyroute2.nftables.main import NFTables
with IPRoute() as links, NFTables() as tables:
    print(*sorted(link.get_attr("IFLA_IFNAME") for link in links.get_links()))
    print(*sorted(table.get_attr("NFTA_TABLE_NAME") for table in tables.get_tables()))
"""


@dataclass(frozen=True)
class World:
    """Where builds run whose leftovers are looked for: nobody else's links and mounts are there."""

    holder: int
    base: tuple[str, ...]

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """A lithify process: its pid is lithify's own."""
        return subprocess.Popen(
            [*self._enter(), sys.executable, "-m", "lithify.cli.main", *words],
            env={**os.environ, "PYTHONPATH": _PACKAGE, **environ},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words, **environ)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def build(self, store: Path, context: Path, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(*self.build_words(store, context, *more))

    def build_words(self, store: Path, context: Path, *more: str) -> list[str]:
        head = ["--root", str(store), "build", "--progress=plain"]
        return [*head, *self.base, *more, str(context)]

    def digest(self, store: Path, context: Path) -> str:
        """Of a build that must succeed."""
        built = self.run("--root", str(store), "build", "-q", *self.base, str(context))
        assert built.returncode == 0, built.stderr
        return built.stdout

    def mounts(self) -> list[str]:
        return Path(f"/proc/{self.holder}/mountinfo").read_text().splitlines()

    def network(self) -> list[str]:
        """Names of links, and of tables of the packet filter."""
        command = [*self._enter(), sys.executable, "-c", _NETWORK_LEFTOVERS]
        seen = subprocess.run(command, capture_output=True, text=True, check=True)
        return seen.stdout.splitlines()

    def processes(self) -> list[str]:
        """What still runs in our network namespace or in one of a step, besides the holder."""
        return [_describe(pid) for pid in _children() if pid != self.holder]

    def descendants(self) -> list[int]:
        """Children, theirs, and so on."""
        found = _children()
        for pid in found:
            found += _children(str(pid))
        return found

    def await_silence(self) -> list[str]:
        """Wait for the orphans of killed builds to end; who did not in time."""
        deadline = time.monotonic() + _PATIENCE_S
        while pids := [pid for pid in _children() if pid != self.holder]:
            for pid in pids:
                left = deadline - time.monotonic()
                if left <= 0:
                    return self.processes()
                _await_end(pid, left)
        return []

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self.holder}", "--net", "--mount"]


def _children(of: str = "self") -> list[int]:
    """All children of a process; orphans come to this one, for it is a subreaper."""
    found: list[int] = []
    for task in Path(f"/proc/{of}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def _await_end(pid: int, seconds: float) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        descriptor = os.pidfd_open(pid)
        try:
            if select.select([descriptor], [], [], seconds)[0]:
                os.waitpid(pid, 0)
        finally:
            os.close(descriptor)


def _describe(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return str(pid)


@pytest.fixture(scope="session")
def busybox_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing but the bootstrapped image."""
    store = tmp_path_factory.mktemp("busybox") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # the installed program is used, and no mirror is asked
        assert main(["--root", str(store), "bootstrap", "busybox"]) == 0
    return store


@pytest.fixture(scope="session")
def busybox(busybox_store: Path) -> tuple[str, ...]:
    """The arguments that make `FROM busybox` find the bootstrapped image, in whatever store."""
    (entry,) = json.loads((busybox_store / "index.json").read_bytes())["manifests"]
    return ("--build-context", f"busybox=oci-layout://{busybox_store}@{entry['digest']}")


@pytest.fixture(scope="session")
def readable_busybox(busybox: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """`busybox` for other users: a copy outside of the folders that only root may enter."""
    name, _, rest = busybox[1].partition("=oci-layout://")
    source, _, digest = rest.partition("@")
    with tempfile.TemporaryDirectory(prefix="lithify-test-") as folder:
        Path(folder).chmod(0o755)
        target = Path(folder) / "store"
        for part in ("oci-layout", "index.json", "blobs"):
            copy = shutil.copytree if part == "blobs" else shutil.copy
            target.mkdir(exist_ok=True)
            copy(Path(source) / part, target / part)
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield ("--build-context", f"{name}=oci-layout://{target}@{digest}")


@pytest.fixture(scope="session")
def host_world(busybox: tuple[str, ...]) -> World:
    """No namespaces of its own: for what is mounted by the test."""
    return World(os.getpid(), busybox)


@pytest.fixture
def world(busybox: tuple[str, ...]) -> Iterator[World]:
    """Namespaces held by a sleeping process; this process adopts what killed builds leave."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    command = ["unshare", "--net", "--mount", "sh", "-c", "ip link set lo up; echo; exec cat"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        yield World(holder.pid, busybox)
    finally:
        for pid in _children():
            if pid != holder.pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        holder.communicate()
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
