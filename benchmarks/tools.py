"""Owns the builders that are measured: how each is set up with a base image and asked to build.

Every tool gets its own empty store and the same base image, made by lithify from the machine's packages, so that
nothing is fetched while the clock runs. It refuses tools that need a daemon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tool(Protocol):
    """A builder under measurement."""

    name: str
    environment: Mapping[str, str]

    def set_up(self, work: Path) -> None:
        """Prepare the store in `work`; not measured."""

    def tear_down(self) -> None:
        """Let go of what would keep `work` from being removed; not measured."""

    def build(self, context: Path, tag: str, *, cold: bool, archive: Path | None) -> list[str]:
        """The command that builds a context; `cold` runs every step, `archive` is an OCI archive."""


class Lithify:
    """lithify of the interpreter that runs the benchmarks."""

    name = "lithify"

    def __init__(self, work: Path) -> None:
        self._program = str(Path(sys.executable).with_name("lithify"))
        self.environment: Mapping[str, str] = {
            **os.environ,
            "LITHIFY_HOME": str(work / "lithify-store"),
        }

    def set_up(self, work: Path) -> None:
        self._call(work, "bootstrap", "busybox", "--tag", "bench-base")

    def tear_down(self) -> None:
        """Nothing is left behind."""

    def export_base(self, work: Path) -> Path:
        """The base image as an OCI archive, for the other tools."""
        context = work / "base-context"
        context.mkdir()
        (context / "Dockerfile").write_text("FROM bench-base\n")
        self._call(work, "build", "-q", "-o", f"type=oci,dest={work}/base.tar", str(context))
        return work / "base.tar"

    def build(self, context: Path, tag: str, *, cold: bool, archive: Path | None) -> list[str]:
        options = ["--no-cache"] if cold else []
        if archive is not None:
            options += ["-o", f"type=oci,dest={archive}"]
        return [self._program, "build", "--progress", "plain", *options, "-t", tag, str(context)]

    def command(self, *arguments: str) -> list[str]:
        """Any other command line."""
        return [self._program, *arguments]

    def _call(self, work: Path, *arguments: str) -> None:
        argv = [self._program, *arguments]
        subprocess.run(argv, cwd=work, env=self.environment, check=True, capture_output=True)


class Buildah:
    """buildah with layers and chroot isolation, the quickest it has and one that works everywhere."""

    name = "buildah"

    def __init__(self, work: Path, base: Path) -> None:
        self._storage = work / "buildah-store"
        self._options = ["--root", str(self._storage), "--runroot", str(work / "buildah-run")]
        self._base = base
        self.environment: Mapping[str, str] = dict(os.environ)

    def set_up(self, work: Path) -> None:
        pull = ["buildah", *self._options, "pull", "-q", f"oci-archive:{self._base}"]
        done = subprocess.run(pull, cwd=work, check=True, capture_output=True, text=True)
        tag = ["buildah", *self._options, "tag", done.stdout.split()[-1], "localhost/bench-base"]
        subprocess.run(tag, cwd=work, check=True, capture_output=True)

    def tear_down(self) -> None:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
        places = [line.split()[4] for line in lines]
        for place in sorted(
            (one for one in places if one.startswith(str(self._storage))), reverse=True
        ):
            subprocess.run(["umount", "-l", place], check=False, capture_output=True)

    def build(self, context: Path, tag: str, *, cold: bool, archive: Path | None) -> list[str]:
        options = ["--no-cache"] if cold else ["--layers"]
        target = f"oci-archive:{archive}" if archive is not None else tag
        options += ["--isolation", "chroot"]
        return ["buildah", *self._options, "bud", *options, "-t", target, str(context)]


def peers(work: Path, base: Path) -> list[Tool]:
    """The other builders that are installed."""
    return [Buildah(work, base)] if shutil.which("buildah") else []
