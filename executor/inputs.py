"""Owns the reading of Dockerfiles: from a path of the client, from a stream, or from inside a context.

Whatever it comes from, it is bounded and has a name for messages. It refuses to know what a context is.

Specification: section 8.1.
"""

from __future__ import annotations

import os
import posixpath
from typing import TYPE_CHECKING

from lithify.errors import BuildError, SourceError
from lithify.executor.tree import clean, resolve
from lithify.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from lithify.executor.tree import Tree

DOCKERFILE = "Dockerfile"
MOST_DOCKERFILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """A Dockerfile's name and bytes, and its path if it is a file of the client."""

    name: str
    dockerfile: bytes
    path: Path | None = None


def read_path(directory: Path | None, path: Path) -> BuildInputs:
    """The file at a path; given a context's directory, its `dockerfile` if there is no `Dockerfile`.

    Raises SourceError."""
    if directory is not None and not path.exists() and (directory / "dockerfile").exists():
        path = directory / "dockerfile"
    try:
        with path.open("rb") as source:
            return BuildInputs(str(path), _bounded(source, path.name), path)
    except OSError as error:
        raise _unreadable(path.name, error) from error


def read_stream(source: BinaryIO | None) -> BuildInputs:
    """The Dockerfile that standard input holds. Raises SourceError, BuildError for what is no text."""
    data = _bounded(source, "standard input") if source is not None else b""
    return BuildInputs(DOCKERFILE, checked_text(data))


def checked_text(data: bytes) -> bytes:
    """Bytes that can be a Dockerfile. Raises BuildError."""
    if b"\0" in data[:512]:
        raise BuildError("standard input is neither a Dockerfile nor a tar archive")
    return data


def read_inside(tree: Tree, name: str) -> BuildInputs:
    """The file of a context by its name ('' is `Dockerfile`, or `dockerfile`), links inside it followed.

    Raises SourceError, BuildError."""
    wanted = clean(name or DOCKERFILE)
    candidates = (wanted, "dockerfile") if wanted == DOCKERFILE else (wanted,)
    for candidate in candidates:
        path = resolve(candidate, tree.readlink)
        stat = tree.lstat(path)
        if stat is None:
            continue
        if not stat.is_regular:
            raise SourceError(f"failed to read dockerfile: open {candidate}: not a regular file")
        with os.fdopen(tree.open(path), "rb") as source:
            return BuildInputs(candidate, _bounded(source, candidate))
    missing = posixpath.basename(wanted) if wanted == DOCKERFILE else wanted
    raise SourceError(f"failed to read dockerfile: open {missing}: no such file or directory")


def _unreadable(name: str, error: OSError) -> SourceError:
    why = os.strerror(error.errno or 0).lower()
    return SourceError(f"failed to read dockerfile: open {name}: {why}")


def _bounded(source: BinaryIO, name: str) -> bytes:
    data = source.read(MOST_DOCKERFILE_BYTES + 1)
    if len(data) > MOST_DOCKERFILE_BYTES:
        raise SourceError(f"{name} is larger than {MOST_DOCKERFILE_BYTES} bytes")
    return data
