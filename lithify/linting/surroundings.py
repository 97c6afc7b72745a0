"""Owns what a linted file stands in: its build context, found from what it copies, and the ignore file.

A Dockerfile does not say where its context is. If it is not named, it is the nearest folder upwards that holds most of
what is copied; where none holds anything, nothing is known, and rules about files are silent. It refuses to follow
symbolic links out of the context, and to look at more files than a person would call a context.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from lithify.cache.ignore import IgnoreError, parse_ignore_file
from lithify.compiler.lint.linter import Surrounding
from lithify.compiler.lint.world import World
from lithify.compiler.offline import NoImages
from lithify.grammar.ast import CopyLike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.plan import BuildOptions
    from lithify.grammar.ast import Dockerfile

_MOST_FILES = 20_000
_MOST_PARENTS = 4
_MOST_IGNORE_BYTES = 1024 * 1024
_ROOT_MARKS = (".git", ".hg")
_WILD = frozenset("*?[$\\")


def surrounding_of(
    dockerfile: Dockerfile, path: str, context: str, options: BuildOptions
) -> Surrounding:
    """What a file stands in; `path` is '' for one that lies nowhere, `context` for one that is to be found."""
    folder = context or _find_context(dockerfile, path)
    if not folder:
        return Surrounding(options)
    return Surrounding(
        options, NoImages(), _ignore_finder(path, folder), World(FolderFiles(folder))
    )


def _find_context(dockerfile: Dockerfile, path: str) -> str:
    sources = _literal_sources(dockerfile)
    if not path:
        return ""
    own = os.path.dirname(path) or "."
    if not sources:
        return own
    best, most = "", 0
    for folder in _candidates(own):
        count = sum(os.path.lexists(os.path.join(folder, source)) for source in sources)
        if count > most:
            best, most = folder, count
        if most == len(sources):
            break
    return best or ("" if _is_below_a_root(own) else own)


def _literal_sources(dockerfile: Dockerfile) -> tuple[str, ...]:
    """What is copied from the context by plain names."""
    found = {
        word.text.strip("\"'").lstrip("/")
        for one in dockerfile.instructions
        if isinstance(one, CopyLike) and one.flag("from") is None
        for word in one.sources
        if not _WILD & set(word.text) and "://" not in word.text and not word.text.startswith("<<")
    }
    return tuple(sorted(found - {"", ".", "./"}))


def _candidates(folder: str) -> Iterator[str]:
    """A folder and those above it, not above the root of a repository."""
    for _ in range(_MOST_PARENTS):
        yield folder
        if _is_root(folder) or os.path.realpath(folder) == "/":
            return
        folder = os.path.normpath(os.path.join(folder, os.pardir))


def _is_root(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, mark)) for mark in _ROOT_MARKS)


def _is_below_a_root(folder: str) -> bool:
    """Whether a folder is part of something larger, so that its files say little about the context."""
    return not _is_root(folder) and any(map(_is_root, _candidates(folder)))


def _ignore_finder(path: str, folder: str) -> Callable[[], IgnoreMatcher | None]:
    def find() -> IgnoreMatcher | None:
        own = f"{path}.dockerignore" if path else ""
        for name in (own, os.path.join(folder, ".dockerignore")):
            text = _read(name, _MOST_IGNORE_BYTES) if name else None
            if text is not None:
                try:
                    return parse_ignore_file(text.decode("utf-8", "replace"), name)
                except IgnoreError:
                    return None
        return None

    return find


class FolderFiles:
    """The files of a folder (ContextFiles)."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._paths: tuple[str, ...] | None = None

    def paths(self) -> tuple[str, ...]:
        """All files, in a stable order; walked once, and cut off where there are very many."""
        if self._paths is None:
            self._paths = tuple(_walk(self._folder))
        return self._paths

    def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of a file; None if it is none, or lies outside."""
        place = self._place(path)
        return _read(place, most) if place else None

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if there is none."""
        place = self._place(path)
        try:
            return os.lstat(place).st_size if place else 0
        except OSError:
            return 0

    def _place(self, path: str) -> str:
        """Where a path really lies; '' if that is outside the folder."""
        root = os.path.realpath(self._folder)
        place = os.path.realpath(os.path.join(root, path.lstrip("/")))
        return place if place == root or place.startswith(root.rstrip("/") + "/") else ""


def _walk(folder: str) -> Iterator[str]:
    left = _MOST_FILES
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        base = os.path.relpath(parent, folder)
        for name in sorted(names):
            left -= 1
            if left < 0:
                return
            yield name if base == "." else f"{base}/{name}"


def _read(path: str, most: int) -> bytes | None:
    """The first bytes of a regular file; None for anything else. Never waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(most)
