"""Owns the measuring of what reads Dockerfiles to judge them: one file and many, with ShellCheck and without.

Scripts are what a linter spends its time on, so the files have some of a usual shape, each different. hadolint is
measured beside where it is installed; its ShellCheck cannot be switched off, so it has one figure only.
Findings are no failure: each tool is asked to end well whatever it finds.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Result, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.tools import Lithify

NAMES = "lint 1 file, lint 1000 files, fmt 1000 files"
_COUNT = 1000


def write_linted(folder: Path) -> list[str]:
    """Small Dockerfiles with something to say about, each different, as in as many projects."""
    paths = []
    for number in range(_COUNT):
        path = folder / str(number) / "Dockerfile"
        path.parent.mkdir(parents=True)
        path.write_text(
            f"FROM debian:{number % 20}\n"
            f"RUN apt-get update && apt-get install -y package{number} && rm -rf /var/lib/apt/lists/*\n"
            f"COPY src{number % 7}/ /src/\n"
            f"RUN cd /src && make step{number} | tee $LOG && pip install tool=={number}\n"
            f"USER u{number % 3}\nCMD run --level {number}\n"
        )
        paths.append(str(path))
    return paths


def measure_linting(lithify: Lithify, work: Path, runs: int) -> Iterator[Result]:
    """All figures of the linters that are there."""
    files = write_linted(work / "linted")
    environment = {**lithify.environment, "XDG_CACHE_HOME": str(work / "answers")}
    plain = lithify.command("lint", "--no-fail", "--no-shellcheck")
    full = lithify.command("lint", "--no-fail", "--shellcheck")
    commands = {
        "lint 1 file": [*plain, files[0]],
        f"lint {_COUNT} files": [*plain, "--no-cache", *files],
        f"lint {_COUNT} files, again": [*plain, *files],
    }
    if _program("shellcheck"):
        commands |= {
            "lint 1 file, ShellCheck cold": [*full, files[0]],
            f"lint {_COUNT} files, ShellCheck cold": [*full, *files],
            f"lint {_COUNT} files, ShellCheck warm": [*full, *files],
        }
    run(lithify.command("fmt", *files), cwd=work, environment=environment)
    commands[f"fmt {_COUNT} files"] = lithify.command("fmt", "--check", *files)
    for name, argv in commands.items():
        samples = []
        is_again = name.endswith(("again", "warm"))
        if is_again:
            run(argv, cwd=work, environment=environment)
        for _ in range(runs):
            if not is_again:
                shutil.rmtree(work / "answers", ignore_errors=True)
            samples.append(run(argv, cwd=work, environment=environment))
        yield Result(name, lithify.name, tuple(samples))
    yield from _measure_hadolint(files, lithify, work, runs)


def _measure_hadolint(
    files: list[str], lithify: Lithify, work: Path, runs: int
) -> Iterator[Result]:
    program = _program("hadolint")
    if program is None:
        return
    for name, paths in (("lint 1 file", files[:1]), (f"lint {_COUNT} files", files)):
        argv = [program, "--no-fail", *paths]
        samples = [run(argv, cwd=work, environment=lithify.environment) for _ in range(runs)]
        yield Result(name, "hadolint", tuple(samples))


def _program(name: str) -> str | None:
    """A program beside this Python or in PATH."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)
