"""Owns the remote sources of ADD for one build: each is fetched once, named by its content, and read as a tree.

Fetched files lie in a temporary directory that goes away with this object. It refuses to remember anything between
builds: what an address means is asked again.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.compiler.plan import UrlSource
from lithify.errors import BuildError
from lithify.executor.context import Context
from lithify.executor.ops.fetch import fetch_url, url_name
from lithify.executor.ops.git import check_out
from lithify.executor.selection import Match, Node, Selection, select

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.compiler.plan import GitSource

_FILE = "content"
_NO_GIT = ("**/.git",)


@dataclass(frozen=True, slots=True)
class _Fetched:
    tree: Context
    content: str


class Remotes:
    """Remote sources, fetched when first needed. Thread-safe; `close` removes what was fetched."""

    def __init__(self, temporary: Path) -> None:
        self._temporary = temporary
        self._lock = threading.Lock()
        self._fetched: dict[UrlSource | GitSource, _Fetched] = {}
        self._directories: list[tempfile.TemporaryDirectory[str]] = []

    def close(self) -> None:
        with self._lock:
            for fetched in self._fetched.values():
                fetched.tree.close()
            for directory in self._directories:
                directory.cleanup()
            self._fetched.clear()
            self._directories.clear()

    def content(self, source: UrlSource | GitSource) -> str:
        """Names what a source holds: a digest, or a commit. Raises BuildError.

        A file whose checksum is given needs no download for that."""
        if isinstance(source, UrlSource) and source.checksum:
            return source.checksum
        return self._get(source).content

    def select(self, source: UrlSource | GitSource, exclude: tuple[str, ...] = ()) -> Selection:
        """The file, or the files of the repository, to copy. Raises BuildError."""
        tree = self._get(source).tree
        if isinstance(source, UrlSource):
            stat = tree.lstat(_FILE)
            assert stat is not None
            return Selection(tree, (Match(_FILE, url_name(source.url), (Node("", stat),)),))
        hidden = () if source.keep_git_dir else _NO_GIT
        selection = select(tree, f"/{source.subdir}", exclude=(*exclude, *hidden))
        if not all(match.is_directory for match in selection.matches):
            raise BuildError(f'cannot add "{source.subdir}" of a repository: it is no directory')
        return selection

    def _get(self, source: UrlSource | GitSource) -> _Fetched:
        with self._lock:
            if source not in self._fetched:
                self._fetched[source] = self._fetch(source)
            return self._fetched[source]

    def _fetch(self, source: UrlSource | GitSource) -> _Fetched:
        directory = tempfile.TemporaryDirectory(prefix="remote-", dir=self._temporary)
        self._directories.append(directory)
        root = self._temporary / directory.name
        if isinstance(source, UrlSource):
            content = fetch_url(source, root / _FILE)
        else:
            content = check_out(source, root)
        return _Fetched(Context(os.open(root, os.O_RDONLY | os.O_DIRECTORY)), content)
