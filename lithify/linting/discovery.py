"""Owns which files are meant: those named, Dockerfiles below folders, and what patterns match.

It refuses to enter what is no source: version control, installed packages, virtual environments.
"""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from lithify.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_SKIPPED = frozenset(
    (".git", ".hg", ".svn", ".venv", "venv", ".tox", "node_modules", "__pycache__", ".terraform")
)
_NAMES = re.compile(
    r"(?:dockerfile|containerfile)(?:\.[^/]+)?|[^/]+\.(?:dockerfile|containerfile)", re.IGNORECASE
)
_NO_DOCKERFILES = (".dockerignore", ".containerignore", "~", ".swp", ".orig", ".bak", ".rej")


def is_dockerfile(name: str) -> bool:
    """Whether a file is one by its name: Dockerfile, Containerfile, with anything before or behind a dot."""
    return bool(_NAMES.fullmatch(name)) and not name.lower().endswith(_NO_DOCKERFILES)


def find_files(paths: Sequence[str], exclude: Iterable[str] = ()) -> list[str]:
    """The files meant by paths, each once, in order; `-` stays. Raises UsageError for a pattern without match."""
    patterns = tuple(exclude)
    found: dict[str, None] = {}
    for path in paths:
        for one in _meant(path):
            if one == "-" or not _is_excluded(one, patterns):
                found[one] = None
    return list(found)


def _meant(path: str) -> Iterator[str]:
    if path == "-" or os.path.isfile(path):
        yield path
    elif os.path.isdir(path):
        yield from _below(path)
    elif not os.path.lexists(path) and re.search(r"[*?\[]", path):
        import glob

        matches = sorted(glob.glob(path, recursive=True))
        if not matches:
            raise UsageError(f"nothing matches {path}")
        for match in matches:
            if not os.path.isdir(match):
                yield match
    else:
        yield path  # what cannot be read is reported as such, and hides no other


def _below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(filter(is_dockerfile, names)):
            yield os.path.normpath(os.path.join(parent, name))


def _is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern matches the path, its name, or a folder on the way to it."""
    parts = path.split("/")
    starts = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(
        fnmatch(one, pattern.rstrip("/")) for pattern in patterns for one in (*starts, *parts)
    )
