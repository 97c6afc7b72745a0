"""A disk that fills up during a build is a clear error, and once there is room the build is as if it never was full."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root

_KIB = 1024
_DISK_BYTES = 32 * 1024 * _KIB
_DOCKERFILE = """
FROM busybox AS made
RUN dd if=/dev/zero of=/three bs=1M count=3 && cp /bin/busybox /copy
FROM busybox
COPY big /big
COPY --from=made /three /copy /
RUN sha256sum /big /three /copy > /sums
"""
#: Room that is left, so that the disk is full while opening the store, importing the base, unpacking
#: it, running, committing, copying.
_ROOM_KIB = (0, 64, 1024, 2560, 4096, 5120, 7168, 9216, 11264, 14336, 17408, 20480)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("context")
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "big").write_bytes(bytes(range(256)) * 4096)
    return folder


@pytest.fixture(scope="module")
def undisturbed(host_world: Any, context: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of a build that had room enough."""
    digest: str = host_world.digest(tmp_path_factory.mktemp("undisturbed") / "store", context)
    return digest


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(disk: Path, room_bytes: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        os.posix_fallocate(file.fileno(), 0, max(1, free - room_bytes))
    return filler


@pytest.mark.parametrize("room_kib", _ROOM_KIB)
def test_full_disk_is_a_clear_error_and_room_heals_it(
    host_world: Any, disk: Path, context: Path, undisturbed: str, room_kib: int
) -> None:
    filler = _fill(disk, room_kib * _KIB)
    store = disk / "store"
    failed = host_world.build(store, context)
    assert failed.returncode == 1, failed.stderr
    assert "no space left" in failed.stderr.lower()
    assert "Traceback" not in failed.stderr
    listed = host_world.run("--root", str(store), "images")
    assert listed.returncode in (0, 1), listed.stderr
    filler.unlink()
    assert host_world.digest(store, context) == undisturbed
    assert list((store / "tmp").iterdir()) == []
