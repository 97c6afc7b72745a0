"""Short searches for inputs that end in anything but a result or a clear error; the modules search longer by themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import lithify

_PACKAGE = str(Path(lithify.__file__).parents[1])
_ROOT = str(Path(__file__).parents[2])


def _search(module: str, count: int) -> None:
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(module)), "--count", str(count)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((_PACKAGE, _ROOT))},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.startswith(f"{count} cases"), ended.stdout


def test_mutated_dockerfiles_are_planned_or_refused_clearly() -> None:
    _search("dockerfiles.py", 3000)


def test_mutated_dockerfiles_are_formatted_without_changing_what_they_build() -> None:
    _search("formatting.py", 800)


def test_mutated_dockerfiles_are_linted_and_repaired_without_harm() -> None:
    _search("linting.py", 150)


@pytest.mark.root
def test_hostile_archives_are_added_or_refused_clearly_and_touch_nothing_outside() -> None:
    _search("archives.py", 200)
