"""Owns what tests of the formatter stand on: the judge of the fuzzer, and some hundred Dockerfiles.

The judge formats a text and fails unless everything that must stay the same does: words, heredocs, comments, plan, keys,
findings.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

TESTS = Path(__file__).parents[1]
_MADE = 240


def _fuzzer() -> ModuleType:
    name = "lithify_fuzz_formatting"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, TESTS / "fuzz" / "formatting.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def fuzzer() -> ModuleType:
    return _fuzzer()


@pytest.fixture(scope="session")
def corpus() -> dict[str, str]:
    """Every Dockerfile of the tests and samples, and as many again that are made of chance."""
    found = [*TESTS.rglob("*Dockerfile"), *(TESTS.parent / "samples").rglob("*Dockerfile")]
    texts = {
        str(path.relative_to(TESTS.parent)): path.read_bytes().decode("utf-8", "surrogateescape")
        for path in sorted(found)
    }
    made = {f"made {seed}": _fuzzer().messy(random.Random(seed)) for seed in range(_MADE)}
    return texts | made
