"""Owns what a linted file stands in: its build context, found from what it copies, and the ignore file.

A Dockerfile does not say where its context is. If it is not named, it is the nearest folder upwards that holds most of
what is copied; where none holds anything, nothing is known, and rules about files are silent. It refuses to follow
symbolic links out of the context, and to look at more files than a person would call a context.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from lithify.cache.ignore import IgnoreError, parse_ignore_file
from lithify.compiler.lint.linter import Surrounding
from lithify.compiler.lint.world import World
from lithify.compiler.offline import NoImages
from lithify.grammar.ast import CopyLike
from lithify.linting.sight import Sight
from lithify.linting.world import FolderFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.plan import BuildOptions
    from lithify.grammar.ast import Dockerfile
    from lithify.linting.images import SeenImages

_MOST_PARENTS = 4
_MOST_IGNORE_BYTES = 1024 * 1024
_ROOT_MARKS = (".git", ".hg")
_WILD = frozenset("*?[$\\")


def surrounding_of(
    dockerfile: Dockerfile,
    path: str,
    context: str,
    options: BuildOptions,
    sight: Sight,
    images: SeenImages | None = None,
) -> Surrounding:
    """What a file stands in; `path` is '' for one that lies nowhere, `context` for one that is to be found.

    `sight` is the file's own view, `images` those that may be looked into."""
    folder = context or _find_context(dockerfile, path, sight)
    files = FolderFiles(folder, sight) if folder else None
    around = Surrounding(options, images or NoImages(), world=World(files, images))
    return around._replace(find_ignore=_ignore_finder(path, folder, sight)) if folder else around


def _find_context(dockerfile: Dockerfile, path: str, sight: Sight) -> str:
    if not path:
        return ""
    sources = _literal_sources(dockerfile)
    own = os.path.dirname(path) or "."
    if not sources:
        return own
    best, most = "", 0
    for folder in _upwards(own, sight):
        count = sum(sight.exists(os.path.join(folder, source)) for source in sources)
        if count > most:
            best, most = folder, count
        if most == len(sources):
            break
    return best or ("" if _is_below_a_root(own, sight) else own)


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


def _upwards(folder: str, sight: Sight) -> Iterator[str]:
    """A folder and those above it, not above the root of a repository."""
    for _ in range(_MOST_PARENTS):
        yield folder
        if _is_root(folder, sight) or sight.real(folder) == "/":
            return
        folder = os.path.normpath(os.path.join(folder, os.pardir))


def _is_root(folder: str, sight: Sight) -> bool:
    return any(sight.exists(os.path.join(folder, mark)) for mark in _ROOT_MARKS)


def _is_below_a_root(folder: str, sight: Sight) -> bool:
    """Whether a folder is part of something larger, so that its files say little about the context."""
    return not _is_root(folder, sight) and any(
        _is_root(above, sight) for above in _upwards(folder, sight)
    )


def _ignore_finder(path: str, folder: str, sight: Sight) -> Callable[[], IgnoreMatcher | None]:
    @cache
    def find() -> IgnoreMatcher | None:
        own = f"{path}.dockerignore" if path else ""
        for name in (own, os.path.join(folder, ".dockerignore")):
            text = sight.start(name, _MOST_IGNORE_BYTES) if name else None
            if text is not None:
                try:
                    return parse_ignore_file(text.decode("utf-8", "replace"), name)
                except IgnoreError:
                    return None
        return None

    return find
