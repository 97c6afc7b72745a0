"""What a build may not do it says at once, and names what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lithify

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

_NOBODY = 65534
_AS_NOBODY = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
_PACKAGE = str(Path(lithify.__file__).parents[1])


@pytest.fixture(scope="module")
def _reachable() -> None:
    asked = subprocess.run(
        [*_AS_NOBODY, sys.executable, "-c", "import lithify"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": _PACKAGE},
        cwd="/",
        capture_output=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip("the Python environment cannot be read by other users")


@pytest.fixture
def public(_reachable: None) -> Iterator[Path]:
    """A folder that other users reach, with a context and a place for a store that is theirs."""
    folder = Path(tempfile.mkdtemp(prefix="lithify-test-"))
    try:
        folder.chmod(0o755)
        (folder / "context").mkdir()
        (folder / "home").mkdir()
        os.chown(folder / "home", _NOBODY, _NOBODY)
        yield folder
    finally:
        shutil.rmtree(folder)


def _build(
    public: Path, dockerfile: str, wrapper: tuple[str, ...], *more: str
) -> subprocess.CompletedProcess[str]:
    (public / "context" / "Dockerfile").write_text(dockerfile)
    lithify_command = [sys.executable, "-m", "lithify.cli.main", "--root", f"{public}/home/store"]
    ended = subprocess.run(
        [*wrapper, *lithify_command, "build", *more, str(public / "context")],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": _PACKAGE, "HOME": str(public / "home")},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended


def test_anybody_may_build_what_runs_nothing(public: Path) -> None:
    (public / "context" / "a").write_text("a")
    built = _build(public, "FROM scratch\nCOPY a /\nENV A=1\n", _AS_NOBODY)
    assert built.returncode == 0, built.stderr


@pytest.mark.parametrize("copied", ["secret", ".", "*"])
def test_an_unreadable_file_of_the_context_is_named(public: Path, copied: str) -> None:
    (public / "context" / "secret").write_text("x")
    (public / "context" / "secret").chmod(0)
    built = _build(public, f"FROM scratch\nCOPY {copied} /in/\n", _AS_NOBODY)
    assert built.returncode == 1, built.stderr
    assert "secret" in built.stderr
    assert "permission denied" in built.stderr.lower()
    assert "Dockerfile:2" in built.stderr


def test_an_unreadable_folder_of_the_context_is_named(public: Path) -> None:
    (public / "context" / "closed").mkdir(mode=0o700)
    built = _build(public, "FROM scratch\nCOPY . /\n", _AS_NOBODY)
    assert built.returncode == 1, built.stderr
    assert "closed" in built.stderr
    assert "permission denied" in built.stderr.lower()


def test_an_unreadable_dockerfile_is_named(public: Path) -> None:
    (public / "context" / "Dockerfile").touch()
    (public / "context" / "Dockerfile").chmod(0)
    built = _build(public, "FROM scratch\n", _AS_NOBODY)
    assert built.returncode == 1, built.stderr
    assert "Dockerfile" in built.stderr
    assert "permission denied" in built.stderr.lower()


def test_a_store_of_another_user_is_named(public: Path) -> None:
    (public / "home" / "store").mkdir(mode=0o700)
    built = _build(public, "FROM scratch\nLABEL a=b\n", _AS_NOBODY)
    assert built.returncode == 1, built.stderr
    assert f"{public}/home/store" in built.stderr
    assert "--root" in built.stderr


def test_a_step_without_root_names_what_is_missing(
    public: Path, readable_busybox: tuple[str, ...]
) -> None:
    built = _build(public, "FROM busybox\nRUN true\n", _AS_NOBODY, *readable_busybox)
    assert built.returncode == 1, built.stderr
    assert "root" in built.stderr
    assert "help: " in built.stderr


@pytest.mark.parametrize("capability", ["sys_admin", "sys_chroot", "setpcap", "mknod", "net_admin"])
def test_a_step_of_a_weakened_root_names_the_capability_or_works_without(
    public: Path, busybox: tuple[str, ...], capability: str
) -> None:
    weakened = ("setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}")
    built = _build(public, "FROM busybox\nRUN true\n", weakened, *busybox)
    assert built.returncode in (0, 1), built.stderr
    if built.returncode:
        assert "CAP_" in built.stderr
        assert "help: " in built.stderr
