"""Owns the proof that samples are reproducible: build twice from nothing, compare the digests.

    python samples/reproduce.py [--debian] [SAMPLE ...]

Every round has its own empty store, its own copy of the contexts and other times on every file. The samples over
Debian install packages from a mirror that changes, so they take part only when named or with --debian.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OVER_BUSYBOX = ("hello",)
OVER_DEBIAN = ("c-static",)


def lithify(home: Path, *arguments: str) -> None:
    """Run this interpreter's lithify on a store; raises CalledProcessError."""
    program = Path(sys.executable).with_name("lithify")
    environment = {**os.environ, "LITHIFY_HOME": str(home)}
    subprocess.run(
        [str(program), *arguments], env=environment, check=True, stdin=subprocess.DEVNULL
    )


def touched_copy(sample: str, work: Path, time_s: int) -> Path:
    """A copy of a sample's context whose files all have one time."""
    context = work / sample
    shutil.copytree(HERE / sample, context)
    for path in (context, *context.rglob("*")):
        os.utime(path, (time_s, time_s))
    return context


def build_round(samples: list[str], bases: list[str], time_s: int) -> dict[str, str]:
    """The digest of each sample, built in an empty store."""
    with tempfile.TemporaryDirectory(prefix="lithify-reproduce-") as folder:
        work = Path(folder)
        for base in bases:
            lithify(work / "store", "bootstrap", base)
        digests = {}
        for sample in samples:
            answer = work / f"{sample}.digest"
            context = touched_copy(sample, work, time_s)
            lithify(work / "store", "build", "-q", "--iidfile", str(answer), str(context))
            digests[sample] = answer.read_text().strip()
        return digests


def main() -> int:
    """Two rounds; 0 if every digest is the same in both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("samples", nargs="*", metavar="SAMPLE")
    parser.add_argument("--debian", action="store_true", help="also the samples over Debian")
    options = parser.parse_args()
    if unknown := set(options.samples) - {*OVER_BUSYBOX, *OVER_DEBIAN}:
        parser.error(f"no such sample here: {', '.join(sorted(unknown))}")
    samples = options.samples or [*OVER_BUSYBOX, *(OVER_DEBIAN if options.debian else ())]
    bases = ["busybox"] if set(samples) & set(OVER_BUSYBOX) else []
    bases += ["debian"] if set(samples) & set(OVER_DEBIAN) else []
    first = build_round(samples, bases, 1_000_000_000)
    second = build_round(samples, bases, 1_700_000_000)
    for sample in samples:
        verdict = "same" if first[sample] == second[sample] else "DIFFERENT"
        sys.stdout.write(f"{sample}: {verdict} {first[sample]} {second[sample]}\n")
    return 0 if first == second else 1


if __name__ == "__main__":
    sys.exit(main())
