"""The packaging table must match the tree, or wheels silently lose modules."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("grammar", "compiler", "executor", "cache")


def _tops() -> dict[str, Path]:
    return {"lithify": ROOT / "lithify", **{f"lithify.{part}": ROOT / part for part in PARTS}}


def _found() -> set[str]:
    return {  # rglob does not enter symlinked folders
        ".".join((name, *init.parent.relative_to(top).parts))
        for name, top in _tops().items()
        for init in top.rglob("__init__.py")
    }


def test_packages_table_is_complete() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(table["packages"]) == _found()


def test_every_folder_with_modules_is_a_package() -> None:
    for top in _tops().values():
        folders = {module.parent for module in top.rglob("*.py")}
        assert not [str(one) for one in folders if not (one / "__init__.py").exists()]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an sdist carries no symlinks")
def test_symlinks_point_at_the_design_folders() -> None:
    for part in PARTS:
        assert (ROOT / "lithify" / part).is_symlink()
        assert (ROOT / "lithify" / part).resolve() == ROOT / part
