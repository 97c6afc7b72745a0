"""Owns what is built: contexts that are written on the spot, and what changes in them between two builds.

Each workload is one sentence that a user would say ("nothing changed", "one file of 20,000 changed"). Contents are
pseudo-random but fixed, so that every run of every tool does the same work.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FILES = 20_000
_FILE_BYTES = 5_000
_BIG_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Phase:
    """One measured build. `change` prepares run n of it; `cold` runs every step; `archive` writes one."""

    name: str
    change: Callable[[Path, int], None]
    cold: bool = False
    archive: bool = False


@dataclass(frozen=True, slots=True)
class Workload:
    """A context and the builds of it that are measured, after one that is not."""

    name: str
    write: Callable[[Path], None]
    phases: tuple[Phase, ...]


def _nothing(context: Path, run: int) -> None:
    """Leave the context as it is."""


def _write_twelve_steps(context: Path) -> None:
    lines = ["FROM bench-base", "WORKDIR /srv"]
    for number in range(5):
        (context / f"file{number}").write_text(f"{number}\n")
        lines += [f"COPY file{number} .", f"RUN cat file{number} >> all"]
    _write_dockerfile(context, [*lines, "CMD cat all"])


def _write_thirty_runs(context: Path) -> None:
    _write_dockerfile(context, ["FROM bench-base", *(f"RUN : {n}" for n in range(30))])


def _write_files(context: Path, count: int, size: int) -> None:
    source = random.Random(1)
    for number in range(count):
        folder = context / "tree" / f"{number // 200:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number % 200:03}.bin").write_bytes(source.randbytes(size))
    _write_dockerfile(context, ["FROM bench-base", "COPY tree /tree"])


def _write_many_files(context: Path) -> None:
    _write_files(context, _FILES, _FILE_BYTES)


def _write_very_many_files(context: Path) -> None:
    _write_files(context, 5 * _FILES, 100)


def _write_tree(context: Path) -> None:
    _write_files(context, 3000, 100 * 1024)


def _change_one(context: Path, run: int) -> None:
    (context / "tree" / "050" / "100.bin").write_text(f"changed in run {run}\n")


def _touch_all(context: Path, run: int) -> None:
    time_s = 1_600_000_000 + run
    for folder, _, files in os.walk(context / "tree"):
        for name in files:
            os.utime(os.path.join(folder, name), (time_s, time_s))


def _write_big_file(context: Path) -> None:
    source = random.Random(2)
    half = 1 << 19
    with (context / "big.bin").open("wb") as file:
        for _ in range(_BIG_BYTES >> 20):
            file.write(source.randbytes(half) + bytes(half))
    _write_dockerfile(context, ["FROM bench-base", "COPY big.bin /"])


def _write_sleeps(context: Path) -> None:
    stages = [
        line
        for n in range(4)
        for line in (f"FROM bench-base AS s{n}", f"RUN sleep 1; echo {n} > /{n}")
    ]
    copies = [f"COPY --from=s{n} /{n} /" for n in range(4)]
    _write_dockerfile(context, [*stages, "FROM bench-base", *copies])


def _write_dockerfile(context: Path, lines: list[str]) -> None:
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")


WORKLOADS = (
    Workload("12 steps", _write_twelve_steps, (Phase("unchanged", _nothing),)),
    Workload("30 RUNs", _write_thirty_runs, (Phase("cold", _nothing, cold=True),)),
    Workload(
        "20,000 files",
        _write_many_files,
        (
            Phase("cold", _nothing, cold=True),
            Phase("unchanged", _nothing),
            Phase("one changed", _change_one),
            Phase("touched", _touch_all),
        ),
    ),
    Workload("4 stages of sleep 1", _write_sleeps, (Phase("cold", _nothing, cold=True),)),
)
_ARCHIVED = (Phase("cold, archive", _nothing, cold=True, archive=True),)
BIG = (
    Workload("100,000 files", _write_very_many_files, (Phase("unchanged", _nothing),)),
    Workload("300 MB tree", _write_tree, _ARCHIVED),
    Workload("1 GiB file", _write_big_file, _ARCHIVED),
)


def write_dockerfiles(folder: Path, count: int) -> list[Path]:
    """Small Dockerfiles of a usual shape, each different."""
    folder.mkdir()
    paths = []
    for number in range(count):
        path = folder / f"{number}.Dockerfile"
        _write_dockerfile(
            folder,
            [
                f"FROM debian:{number} AS build",
                'ARG VERSION=1\nENV PATH="/opt/bin:$PATH" LEVEL=3',
                f"RUN apt-get update \\\n && apt-get install -y package{number} \\\n && rm -rf /tmp/*",
                "COPY --chown=1:1 src/ /src/",
                "FROM scratch",
                'COPY --from=build /src /src\nCMD ["/src/run", "--level", "3"]',
            ],
        )
        (folder / "Dockerfile").rename(path)
        paths.append(path)
    return paths
