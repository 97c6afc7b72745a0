"""Owns the measuring of one process: wall clock, processor time, peak memory.

Whole processes are measured, because that is what people wait for. Processor time and memory come from wait4 and
include the descendants that the process waited for. It refuses to judge: figures are kept, people compare.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Sample:
    """One run. `peak_bytes` is the largest resident set of any single process of it."""

    wall_s: float
    cpu_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one workload by one tool."""

    workload: str
    tool: str
    samples: tuple[Sample, ...]

    @property
    def wall_s(self) -> float:
        return statistics.median(one.wall_s for one in self.samples)

    @property
    def cpu_s(self) -> float:
        return statistics.median(one.cpu_s for one in self.samples)

    @property
    def peak_bytes(self) -> int:
        return max(one.peak_bytes for one in self.samples)

    def to_json(self) -> dict[str, object]:
        return {
            "workload": self.workload,
            "tool": self.tool,
            "wall_s": [round(one.wall_s, 4) for one in self.samples],
            "cpu_s": [round(one.cpu_s, 4) for one in self.samples],
            "peak_bytes": self.peak_bytes,
        }


class WorkloadFailed(Exception):
    """A measured command did not end well."""


def run(argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str]) -> Sample:
    """Run a command to its end. Raises WorkloadFailed with its last words."""
    log, report = cwd / "output.log", cwd / "figures"
    starter = [sys.executable, "-I", "-S", str(Path(__file__).with_name("spawn.py")), str(report)]
    with log.open("wb") as output:
        done = subprocess.run(
            [*starter, *argv],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        tail = log.read_bytes()[-2000:].decode("utf-8", "replace")
        raise WorkloadFailed(f"{' '.join(argv[:3])} ended with {done.returncode}:\n{tail}")
    wall_s, cpu_s, peak_bytes = report.read_text().split()
    return Sample(float(wall_s), float(cpu_s), int(peak_bytes))
