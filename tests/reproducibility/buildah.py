"""The same corpus with buildah, for comparison: two builds from two contexts, with the flags that help it most.

`--timestamp 0` is all that the buildah of Debian 12 offers; later ones have --source-date-epoch and --rewrite-timestamp
as well. It has a storage of its own, so nothing of the machine's is used or left.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.reproducibility.cases import AUTHORITIES, Case, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FLAGS = ("--timestamp", "0", "--isolation", "chroot", "--format", "oci", "--no-cache")
_MOST_SECONDS = 900


class Buildah:
    """buildah with a storage in a folder that is removed later by whoever made it."""

    def __init__(
        self,
        folder: Path,
        cases: list[Case],
        lithify: Callable[..., subprocess.CompletedProcess[str]],
    ) -> None:
        self._folder = folder
        self._storage = ["--root", str(folder / "storage"), "--runroot", str(folder / "run")]
        self._storage += ["--storage-driver", "vfs"]
        self._contexts = (folder / "context", lay_out(folder / "elsewhere" / "a-clone"))
        self._touch(self._contexts[1])
        bases = ["busybox:latest"]
        bases += ["debian:bookworm"] if any(one.needs_network for one in cases) else []
        for name in bases:
            self._take(name, lithify)

    def prove(self, case: Case) -> str:
        """`identical`, `differs` or `failed`."""
        digests = [self._build(case, number) for number in (0, 1)]
        if not all(digests):
            return "failed"
        return "identical" if digests[0] == digests[1] else "differs"

    def _touch(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            os.utime(path, (1_900_000_000, 1_900_000_000), follow_symlinks=False)

    def _take(self, name: str, lithify: Callable[..., subprocess.CompletedProcess[str]]) -> None:
        archive = self._folder / f"{name.replace(':', '-')}.tar"
        lithify("save", "--format", "oci-archive", "-o", str(archive), name).check_returncode()
        pulled = self._buildah("pull", "-q", f"oci-archive:{archive}")
        pulled.check_returncode()
        short = f"docker.io/library/{name}"
        self._buildah("tag", pulled.stdout.strip(), short).check_returncode()
        archive.unlink()

    def _build(self, case: Case, number: int) -> str:
        """The digest of the manifest; '' if it cannot be built."""
        context = case.context or str(self._contexts[number])
        words = ["build", *_FLAGS, "--pull-never", "-q", "-f", str(case.dockerfile)]
        if case.needs_network and AUTHORITIES.is_file():
            words += ["--secret", f"id=ca,src={AUTHORITIES}"]
        try:
            built = self._buildah(*words, context)
        except subprocess.TimeoutExpired:
            return ""
        if built.returncode:
            return ""
        image = built.stdout.split()[-1]
        shown = json.loads(self._buildah("inspect", "--type", "image", image).stdout)
        self._buildah("rmi", "--force", image)
        return str(shown["FromImageDigest"])

    def _buildah(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["buildah", *self._storage, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_MOST_SECONDS,
        )
