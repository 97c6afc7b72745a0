"""A build that finds earlier ones in its store gives what one from nothing gives, whatever changed in between."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.root


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def _overwrite_in_place(path: Path) -> None:
    """Other content of the same size, and the same time."""
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes(byte ^ 1 for byte in data))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _make_executable(path: Path) -> None:
    path.chmod(path.stat().st_mode ^ 0o111)


def _add_beside(path: Path) -> None:
    path.with_name(f"added-{path.name}").write_bytes(path.read_bytes())


def _replace_by_link(path: Path) -> None:
    path.rename(path.with_name(f"moved-{path.name}"))
    path.symlink_to(f"moved-{path.name}")


def _ignore(path: Path) -> None:
    root = next(one for one in path.parents if one.name == "context")
    with (root / ".dockerignore").open("a") as file:
        file.write(f"\n**/{path.name}\n")


_CHANGES: tuple[Callable[[Path], None], ...] = (
    _append,
    _overwrite_in_place,
    _make_executable,
    _add_beside,
    _replace_by_link,
    _ignore,
    Path.unlink,
)


def test_a_changed_context_is_built_as_if_for_the_first_time(
    case: Any, busybox_store: Path, builder: Any, tmp_path: Path
) -> None:
    place, used = tmp_path / "place", tmp_path / "used"
    place.mkdir()
    case.lay_out(place)
    shutil.copytree(busybox_store, used, symlinks=True)
    original = builder.build_again(case, place, used)
    assert original[0] == 0
    assert builder.build_again(case, place, used) == original
    names = ("Dockerfile", "dockerignore")
    files = [one for one in sorted((place / "context").rglob("*")) if not one.name.endswith(names)]
    chosen = [one for one in files if one.is_file() and not one.is_symlink()]
    generator = random.Random(case.folder.name)
    for path in generator.sample(chosen, min(2, len(chosen))):
        saved = tmp_path / "saved"
        shutil.copytree(place, saved, symlinks=True)
        generator.choice(_CHANGES)(path)
        fresh = tmp_path / "fresh"
        shutil.copytree(busybox_store, fresh, symlinks=True)
        assert builder.build_again(case, place, used) == builder.build_again(case, place, fresh)
        for folder in (place, fresh):
            shutil.rmtree(folder)
        saved.rename(place)
        assert builder.build_again(case, place, used) == original
