"""Proves the corpus: every Dockerfile built twice by `lithify prove`, what came of it as a table.

    python -m tests.reproducibility [--offline] [--buildah] [--json FILE] [NAME ...]

Exits 0 if at least 90 % are identical, every other one differs by the cause that its Dockerfile names, and none fails.
The store needs `busybox` and, unless --offline, `debian`; what is missing is made with `lithify bootstrap`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.reproducibility.buildah import Buildah
from tests.reproducibility.cases import Case, lay_out, read_cases

LEAST_SHARE = 0.9


@dataclass(frozen=True)
class Outcome:
    """What came of one case: `identical`, `differs` with its causes, or `failed`; `peer` is the other builder's."""

    name: str
    stratum: str
    verdict: str
    causes: tuple[str, ...]
    seconds: float
    expected: str
    peer: str = ""

    @property
    def is_as_expected(self) -> bool:
        if self.expected:
            return self.verdict == "differs" and self.expected in self.causes
        return self.verdict == "identical"


def lithify(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter's lithify; what it prints is kept."""
    command = [sys.executable, "-m", "lithify.cli.main", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def prove(case: Case, context: Path) -> Outcome:
    """Prove one case."""
    started = time.monotonic()
    done = lithify("prove", "--json", "-q", *case.arguments(context))
    seconds = round(time.monotonic() - started, 1)
    try:
        proof = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stderr)
        return Outcome(case.name, case.stratum, "failed", (), seconds, case.differs)
    verdict = "identical" if proof["identical"] else "differs"
    return Outcome(case.name, case.stratum, verdict, tuple(proof["causes"]), seconds, case.differs)


def make_bases(cases: list[Case]) -> None:
    """Bootstrap the base images that are missing."""
    wanted = ["busybox"] + (["debian:bookworm"] if any(one.needs_network for one in cases) else [])
    for name in wanted:
        if lithify("inspect", name).returncode:
            done = lithify("bootstrap", name)
            if done.returncode:
                sys.exit(f"cannot make the base image {name}:\n{done.stderr}")


def row(outcome: Outcome) -> str:
    """One line of the table."""
    text = outcome.verdict
    if outcome.causes:
        text += f" ({', '.join(outcome.causes)})"
    if not outcome.is_as_expected:
        text += "  <-- not expected"
    peer = f"{outcome.peer:<12}" if outcome.peer else ""
    return f"{outcome.name:<26}{outcome.stratum:<10}{outcome.seconds:>6.1f}s  {peer}{text}"


def summary(outcomes: list[Outcome]) -> str:
    """The figures."""
    identical = sum(one.verdict == "identical" for one in outcomes)
    lines = [f"lithify: {identical} of {len(outcomes)} identical ({identical / len(outcomes):.0%})"]
    peers = [one.peer for one in outcomes if one.peer]
    if peers:
        built = [one for one in peers if one != "failed"]
        same = built.count("identical")
        share = f" ({same / len(built):.0%} of those it builds)" if built else ""
        lines.append(
            f"buildah: {same} of {len(built)} identical{share}, {peers.count('failed')} not built"
        )
    return "\n".join(lines)


def main() -> int:
    """Prove, print the table, tell whether all is as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--offline", action="store_true", help="only what needs no network")
    parser.add_argument("--buildah", action="store_true", help="also with buildah, for comparison")
    parser.add_argument("--json", metavar="FILE", help="write the outcomes there")
    options = parser.parse_args()
    cases = [one for one in read_cases() if not (options.offline and one.needs_network)]
    if unknown := set(options.names) - {one.name for one in cases}:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    cases = [one for one in cases if not options.names or one.name in options.names]
    make_bases(cases)
    with tempfile.TemporaryDirectory(prefix="lithify-reproduce-") as folder:
        outcomes = run(cases, Path(folder), with_buildah=options.buildah)
    sys.stdout.write(summary(outcomes) + "\n")
    if options.json:
        Path(options.json).write_text(
            json.dumps([asdict(one) for one in outcomes], indent=2) + "\n"
        )
    share = sum(one.verdict == "identical" for one in outcomes) / len(outcomes)
    whole = not options.names
    return (
        0
        if all(one.is_as_expected for one in outcomes) and (share >= LEAST_SHARE or not whole)
        else 1
    )


def run(cases: list[Case], folder: Path, *, with_buildah: bool) -> list[Outcome]:
    """Prove case by case, a line as each is done."""
    from dataclasses import replace

    context = lay_out(folder / "context")
    outcomes = []
    buildah = Buildah(folder, cases, lithify) if with_buildah else None
    for case in cases:
        outcome = prove(case, context)
        if buildah is not None:
            outcome = replace(outcome, peer=buildah.prove(case))
        sys.stdout.write(row(outcome) + "\n")
        sys.stdout.flush()
        outcomes.append(outcome)
    return outcomes


if __name__ == "__main__":
    sys.exit(main())
