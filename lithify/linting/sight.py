"""Owns what a run of the linter sees besides Dockerfiles: files and folders, each looked at once, and who looked at it.

Every file has a view of its own that notes what was asked on its behalf and what the answer was. A report stays true
as long as all its notes do (`remembering`), so nothing in this package may look past a view. It refuses to follow what
it sees: where a context is and what rules make of it is decided elsewhere.
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.world import UNENTERED

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = str | int | None
    Notes = dict["Question", Answer]

#: How many answers about paths are kept: neighbours ask about the same ones. Of listings only the last few.
_MOST_PATHS = 4096
_MOST_LISTINGS = 8
_MOST_FILES = 50_000
_HEAD = (".git", "HEAD")


class Question(NamedTuple):
    """Something that can be asked again: what kind of look at what. `most` bounds the bytes that are read."""

    kind: str
    about: str
    most: int = 0


class Sight:
    """A view of files and folders. Views of one run share what was seen, and each has notes of its own."""

    def __init__(self, like: Sight | None = None) -> None:
        self.notes: Notes = {}
        self._exists: Callable[[str], bool]
        self._real: Callable[[str], str]
        self._listed: Callable[[str], tuple[str, ...] | None]
        if like is None:
            self._exists = lru_cache(maxsize=_MOST_PATHS)(os.path.lexists)
            self._real = lru_cache(maxsize=_MOST_PATHS)(os.path.realpath)
            self._listed = lru_cache(maxsize=_MOST_LISTINGS)(_walked)
        else:
            self._exists, self._real, self._listed = like._exists, like._real, like._listed

    def exists(self, path: str) -> bool:
        """Whether anything is called so; links are not followed."""
        found = self._exists(path)
        self.notes[Question("exists", path)] = found
        return found

    def real(self, path: str) -> str:
        """The path without links."""
        found = self._real(path)
        self.notes[Question("real", path)] = found
        return found

    def listed(self, folder: str) -> tuple[str, ...] | None:
        """All that is in a folder, as `ContextFiles.paths` has it; None where that is too much."""
        found = self._listed(folder)
        self.notes[Question("listed", folder)] = None if found is None else digest("\0".join(found))
        return found

    def start(self, path: str, most: int) -> bytes | None:
        """The first bytes of a regular file; None for anything else."""
        found = _start(path, most)
        self.notes[Question("start", path, most)] = None if found is None else digest(found)
        return found

    def size(self, path: str) -> int:
        """Bytes of a file, not of what it links to; 0 if there is none."""
        found = _status(path)
        size = found.st_size if found is not None else 0
        self.notes[Question("size", path)] = size
        return size

    def mode(self, path: str) -> int | None:
        """Permission bits of a regular file; None if it is none."""
        found = _status(path)
        is_file = found is not None and stat.S_ISREG(found.st_mode)
        mode = stat.S_IMODE(found.st_mode) if found is not None and is_file else None
        self.notes[Question("mode", path)] = mode
        return mode

    def again(self, question: Question) -> Answer:
        """What is answered now. Raises KeyError if views have no questions of that kind."""
        kind, about, most = question
        if kind == "start":
            self.start(about, most)
        else:
            _KINDS[kind](self, about)
        return self.notes[question]


_KINDS: dict[str, Callable[[Sight, str], object]] = {
    "exists": Sight.exists,
    "real": Sight.real,
    "listed": Sight.listed,
    "size": Sight.size,
    "mode": Sight.mode,
}


def digest(content: str | bytes) -> str:
    """A text or bytes in short, for telling whether they have changed."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return blake2b(data, digest_size=16).hexdigest()


def _status(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _walked(folder: str) -> tuple[str, ...] | None:
    found: list[str] = []
    for parent, folders, names in os.walk(folder):
        base = os.path.relpath(parent, folder)
        prefix = "" if base == "." else f"{base}/"
        if os.path.basename(parent) in UNENTERED:
            folders.clear()
            names = [name for name in names if (os.path.basename(parent), name) == _HEAD]
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += (f"{prefix}{name}" for name in sorted((*names, *links)))
        found += (f"{prefix}{name}/" for name in folders if name not in links)
        if len(found) > _MOST_FILES:
            return None
    return tuple(found)


def _start(path: str, most: int) -> bytes | None:
    """Never waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(most)
