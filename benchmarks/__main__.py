"""Owns the benchmark run: which workloads, how often, the table, the JSON, the comparison with the run before.

    python -m benchmarks [--only TEXT] [-n RUNS] [--big] [--peers] [--compare] [--json FILE]

Figures of one machine mean little; the ratio to another builder or to an earlier run on the same machine is what
counts. Results are kept in benchmarks/results/. It refuses to pass or fail anything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.keystrokes import NAME, measure_keystrokes
from benchmarks.linting import NAMES, measure_linting
from benchmarks.measure import Result, WorkloadFailed, run
from benchmarks.tools import Lithify, Tool, peers
from benchmarks.workloads import BIG, WORKLOADS, Workload, write_dockerfiles

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = Path(__file__).resolve().parent / "results"
_DOCKERFILES = 1000


def measure_build(tool: Tool, workload: Workload, work: Path, runs: int) -> Iterator[Result]:
    """All phases of a workload by one tool; the first build is not measured."""
    context = work / "context"
    context.mkdir(parents=True)
    workload.write(context)
    argv = tool.build(context, "bench", cold=False, archive=None)
    run(argv, cwd=work, environment=tool.environment)
    for phase in workload.phases:
        archive = work / "archive.tar" if phase.archive else None
        samples = []
        for number in range(runs):
            phase.change(context, number)
            if archive is not None:
                archive.unlink(missing_ok=True)
            argv = tool.build(context, "bench", cold=phase.cold, archive=archive)
            samples.append(run(argv, cwd=work, environment=tool.environment))
        yield Result(f"{workload.name}: {phase.name}", tool.name, tuple(samples))


def measure_commands(lithify: Lithify, work: Path, runs: int) -> Iterator[Result]:
    """What is not a build: start-up and reading."""
    files = [str(path) for path in write_dockerfiles(work / "dockerfiles", _DOCKERFILES)]
    commands = {
        "start-up: --version": ["--version"],
        f"read {_DOCKERFILES} Dockerfiles": ["debug", "instructions", "--format", "json", *files],
    }
    for name, arguments in commands.items():
        argv = lithify.command(*arguments)
        run(argv, cwd=work, environment=lithify.environment)
        samples = [run(argv, cwd=work, environment=lithify.environment) for _ in range(runs)]
        yield Result(name, lithify.name, tuple(samples))


def measure_chosen(lithify: Lithify, work: Path, options: argparse.Namespace) -> Iterator[Result]:
    """What is chosen of all that is not a build."""
    if options.only.lower() in "start-up: --version, read dockerfiles":
        yield from measure_commands(lithify, work, options.runs)
    if options.only.lower() in NAME:
        yield measure_keystrokes(lithify, work / "editor")
    if options.only.lower() in NAMES:
        yield from measure_linting(lithify, work, options.runs)


def measure_all(options: argparse.Namespace, work: Path) -> Iterator[Result]:
    """Every chosen workload by every chosen tool."""
    lithify = Lithify(work)
    lithify.set_up(work)
    tools: list[Tool] = [lithify]
    if options.peers:
        others = peers(work, lithify.export_base(work))
        for other in others:
            other.set_up(work)
        tools += others
    yield from measure_chosen(lithify, work, options)
    for workload in (*WORKLOADS, *(BIG if options.big else ())):
        if options.only.lower() not in workload.name.lower():
            continue
        for tool in tools:
            place = work / f"{tool.name} {workload.name}".replace(" ", "-")
            try:
                yield from measure_build(tool, workload, place, options.runs)
            except WorkloadFailed as error:
                sys.stderr.write(f"{workload.name} with {tool.name}: {error}\n")
    for tool in tools:
        tool.tear_down()


def machine() -> dict[str, object]:
    """What the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    models = [
        line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")
    ]
    return {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "model": models[0] if models else "",
        "memory_bytes": memory,
        "python": platform.python_version(),
    }


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def show(result: Result, before: dict[tuple[str, str], float]) -> None:
    """One row of the table; `before` holds medians of the run compared with."""
    old = before.get((result.workload, result.tool))
    change = f"  {result.wall_s / old:5.2f} x before" if old else ""
    sys.stdout.write(
        f"{result.workload:36} {result.tool:8} {result.wall_s:8.3f} s {result.cpu_s:8.3f} s cpu"
        f" {result.peak_bytes / 1e6:7.1f} MB{change}\n"
    )
    sys.stdout.flush()


def medians(document: Path) -> dict[tuple[str, str], float]:
    """The medians of an earlier run; empty if there is none."""
    if not document.is_file():
        return {}
    rows = json.loads(document.read_text("utf-8"))["results"]
    return {
        (one["workload"], one["tool"]): sorted(one["wall_s"])[len(one["wall_s"]) // 2]
        for one in rows
    }


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--only", default="", help="workloads whose name holds this text")
    parser.add_argument(
        "-n", "--runs", type=int, default=5, help="runs of each (the median counts)"
    )
    parser.add_argument("--big", action="store_true", help="also 100,000 files, 300 MB and 1 GiB")
    parser.add_argument(
        "--peers", action="store_true", help="also other builders that are installed"
    )
    parser.add_argument("--compare", action="store_true", help="compare with the last run kept")
    parser.add_argument(
        "--json", type=Path, default=RESULTS / "last.json", help="where to write figures"
    )
    parser.add_argument("--work", type=Path, help="where stores and contexts are made")
    return parser.parse_args()


def main() -> int:
    options = parse_options()
    before = medians(RESULTS / "last.json") if options.compare else {}
    results = []
    with tempfile.TemporaryDirectory(prefix="lithify-bench-", dir=options.work) as folder:
        for result in measure_all(options, Path(folder)):
            show(result, before)
            results.append(result)
    document = {
        "time": int(time.time()),
        "machine": machine(),
        "results": [one.to_json() for one in results],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
