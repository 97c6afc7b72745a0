"""The corpus and a store with the base image it stands on, for tests that build twice."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.cli.main import main

if TYPE_CHECKING:
    from types import ModuleType

#: What runs with every test run: one of each kind of trouble. `make reproduce` runs all.
FAST = (
    "copy-attributes",
    "copy-exotic-names",
    "habit-random-token",
    "run-bind-context",
    "run-logs",
    "run-readdir",
    "run-surroundings",
    "stages-diamond",
)


def _load(name: str) -> ModuleType:
    """A module beside this one; what is tested is the installed package, so the folder is not on the path."""
    spec = importlib.util.spec_from_file_location(f"reproducibility_{name}", _here(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _here(name: str) -> Path:
    return Path(__file__).with_name(name)


CASES = _load("cases")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "fast_case" in metafunc.fixturenames:
        cases = [one for one in CASES.read_cases() if one.name in FAST]
        metafunc.parametrize("fast_case", cases, ids=[one.name for one in cases])


@pytest.fixture(scope="session")
def cases() -> Any:
    """The module that owns the corpus."""
    return CASES


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The context that the corpus is built over."""
    place: Path = CASES.lay_out(tmp_path_factory.mktemp("corpus") / "context")
    return place


@pytest.fixture(scope="session")
def busybox_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing but the bootstrapped image."""
    store = tmp_path_factory.mktemp("busybox") / "store"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")  # the installed program is used, and no mirror is asked
        assert main(["--root", str(store), "bootstrap", "busybox"]) == 0
    return store
