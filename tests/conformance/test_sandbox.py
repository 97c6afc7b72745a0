"""What every isolation backend owes to the Sandbox port, whatever it is made of."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.errors import SandboxError
from lithify.executor.isolation.backends import BACKENDS, open_sandbox
from lithify.executor.isolation.ports import FileMount, RunSpec, TmpfsMount
from lithify.executor.syscalls import OPEN_TREE_CLONE, open_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.executor.isolation.ports import ExitStatus, Sandbox

pytestmark = pytest.mark.root
_BUSYBOX = Path("/bin/busybox")


@pytest.fixture(params=sorted(BACKENDS))
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    sandbox = open_sandbox(request.param, print)
    yield sandbox
    sandbox.close()


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    if not _BUSYBOX.exists():
        pytest.skip("needs a static /bin/busybox")
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    shutil.copy(_BUSYBOX, root / "bin" / "busybox")
    for name in ("sh", "cat", "sleep", "echo", "test", "ls"):
        (root / "bin" / name).symlink_to("busybox")
    return root


def _run(
    sandbox: Sandbox, rootfs: Path, script: str, *mounts: FileMount | TmpfsMount
) -> tuple[ExitStatus, str]:
    folder = os.open(rootfs, os.O_PATH)
    root = open_tree(folder, "", OPEN_TREE_CLONE)
    read_end, write_end = os.pipe()
    spec = RunSpec(root, ("/bin/sh", "-c", script), (), network="none", mounts=mounts)
    process = sandbox.start(spec, stdout=write_end, stderr=write_end)
    os.close(write_end)
    with open(read_end, encoding="utf-8") as reader:
        output = reader.read()
    status = process.wait()
    os.close(root)
    os.close(folder)
    return status, output


def test_status_and_output_of_a_process_are_passed_on(sandbox: Sandbox, rootfs: Path) -> None:
    status, output = _run(sandbox, rootfs, "echo out; echo err >&2; exit 3")
    assert (status.code, status.signal) == (3, 0)
    assert output.split() == ["out", "err"]


def test_changes_reach_the_root_and_mount_points_leave_no_trace(
    sandbox: Sandbox, rootfs: Path
) -> None:
    before = sorted(path.name for path in rootfs.iterdir())
    mounts = (FileMount("/run/secrets/token", b"s3cret"), TmpfsMount("/scratch"))
    _, output = _run(sandbox, rootfs, "cat /run/secrets/token; echo x > /kept", *mounts)
    assert output == "s3cret"
    assert sorted(path.name for path in rootfs.iterdir()) == sorted([*before, "kept"])


def test_nothing_survives_the_first_process(sandbox: Sandbox, rootfs: Path) -> None:
    status, output = _run(sandbox, rootfs, "sleep 300 & sleep 300 & echo done")
    assert (status.code, output) == (0, "done\n")


def test_kill_is_idempotent_and_reported(sandbox: Sandbox, rootfs: Path) -> None:
    folder = os.open(rootfs, os.O_PATH)
    root = open_tree(folder, "", OPEN_TREE_CLONE)
    spec = RunSpec(root, ("/bin/sleep", "300"), (), network="none")
    process = sandbox.start(spec, stdout=2, stderr=2)
    process.kill()
    process.kill()
    assert (process.wait().code, process.wait().signal) == (137, 9)
    os.close(root)
    os.close(folder)


def test_an_unknown_network_mode_is_refused(sandbox: Sandbox, rootfs: Path) -> None:
    folder = os.open(rootfs, os.O_PATH)
    root = open_tree(folder, "", OPEN_TREE_CLONE)
    spec = RunSpec(root, ("/bin/sh",), (), network="bridge")
    with pytest.raises(SandboxError, match="bridge"):
        sandbox.start(spec, stdout=2, stderr=2)
    os.close(root)
    os.close(folder)


def test_a_closed_sandbox_starts_nothing(sandbox: Sandbox, rootfs: Path) -> None:
    sandbox.close()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        _run(sandbox, rootfs, "true")
