"""Owns what a build reads before it starts: the Dockerfile and where its context is.

A context is opened once by descriptor and never found again by name, so that what was checked is what is read. It
refuses remote contexts with a clear reason.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lithify.errors import BuildError, SourceError

_MOST_DOCKERFILE_BYTES = 16 * 1024 * 1024
_REMOTE = ("http://", "https://", "git://", "git@", "ssh://", "github.com/")


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """A Dockerfile's name and bytes, its path if it has one, and the context's directory (None: empty)."""

    name: str
    dockerfile: bytes
    path: Path | None
    directory: Path | None


def read_inputs(context: str, dockerfile: str, stdin: BinaryIO | None) -> BuildInputs:
    """Read what `PATH` and `--file` name. Raises SourceError, BuildError."""
    if context.startswith(_REMOTE):
        raise BuildError(
            f"remote build contexts are not available in this version: {context}",
            hint="fetch it into a directory first and build that",
        )
    if context == "-":
        return BuildInputs("Dockerfile", _from_stdin(stdin), None, None)
    directory = Path(context)
    if not directory.is_dir():
        raise BuildError(f"unable to prepare context: path {context!r} is not a directory")
    if dockerfile == "-":
        return BuildInputs("Dockerfile", _from_stdin(stdin), None, directory)
    path = Path(dockerfile) if dockerfile else directory / "Dockerfile"
    if not dockerfile and not path.exists() and (directory / "dockerfile").exists():
        path = directory / "dockerfile"
    return BuildInputs(str(path), _read(path), path, directory)


def _from_stdin(stdin: BinaryIO | None) -> bytes:
    data = stdin.read(_MOST_DOCKERFILE_BYTES + 1) if stdin is not None else b""
    if len(data) > _MOST_DOCKERFILE_BYTES or b"\0" in data[:512]:
        raise BuildError(
            "standard input is not a Dockerfile",
            hint="tar streams as a context are not available in this version",
        )
    return data


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as source:
            data = source.read(_MOST_DOCKERFILE_BYTES + 1)
    except OSError as error:
        why = os.strerror(error.errno or 0).lower()
        raise SourceError(f"failed to read dockerfile: open {path.name}: {why}") from error
    if len(data) > _MOST_DOCKERFILE_BYTES:
        raise SourceError(f"{path.name} is larger than {_MOST_DOCKERFILE_BYTES} bytes")
    return data
