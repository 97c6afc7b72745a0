"""Owns the remote sources of ADD for one build: each is named by its content, and fetched when it is needed.

Naming costs one question: what was downloaded before is asked for by its validators, a git reference by its name; a
checksum needs no question at all. Fetched files lie in temporary directories that go away with this object. It
refuses to believe that a source stayed the same between naming and fetching: that is verified.

Specification: sections 3.5, 4.5 and 5.3.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from lithify.cache.trees import remove_tree
from lithify.compiler.plan import UrlSource
from lithify.errors import BuildError
from lithify.executor.context import Context
from lithify.executor.remote import git
from lithify.executor.remote.credentials import redacted
from lithify.executor.remote.download import Downloaded, download, is_current, url_name
from lithify.executor.selection import Match, Node, Selection, select
from lithify.executor.tree import resolve

if TYPE_CHECKING:
    from lithify.cache.store import Store
    from lithify.compiler.plan import GitSource
    from lithify.executor.access import Access

#: What a downloaded file is called in its tree (reference semantics, named contexts).
FETCHED_FILE = "context"

_MEMO = "http"


class Remotes:
    """Remote sources of one build. Thread-safe; `close` removes what was fetched."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access
        self._locks = threading.Lock()
        self._busy: dict[UrlSource | GitSource, threading.Lock] = {}
        self._trees: dict[UrlSource | GitSource, Context] = {}
        self._files: dict[UrlSource, Downloaded] = {}
        self._revisions: dict[GitSource, git.Revision] = {}
        self._times: dict[GitSource, int] = {}
        self._directories: list[Path] = []

    def close(self) -> None:
        """Idempotent."""
        for tree in self._trees.values():
            tree.close()
        self._trees.clear()
        for directory in self._directories:
            remove_tree(directory)
        self._directories.clear()

    def content(self, source: UrlSource | GitSource) -> str:
        """Names what a source adds: content, name and time of a file, or commit and form of a check-out.

        Raises BuildError, Cancelled."""
        with self._alone(source):
            if not isinstance(source, UrlSource):
                commit = self._revision(source).commit
                return json.dumps([commit, source.submodules, source.commit_times])
            name = url_name(source.url)
            if source.checksum:
                return json.dumps([source.checksum, name])
            known = self._described(source)
            return json.dumps([known.digest, name, known.modified_s or 0])

    def digest(self, source: UrlSource | GitSource) -> tuple[str, str]:
        """What a source held, as (algorithm, hex digits): the commit, or the sha256 of the file.

        Raises BuildError, Cancelled."""
        with self._alone(source):
            if not isinstance(source, UrlSource):
                return "gitCommit", self._revision(source).commit
            algorithm, _, digits = (source.checksum or self._described(source).digest).partition(
                ":"
            )
            return algorithm, digits

    def time_s(self, source: UrlSource | GitSource) -> int | None:
        """When a source last changed: Last-Modified, or the committer's time; None if nobody says.

        Raises BuildError, Cancelled."""
        with self._alone(source):
            if isinstance(source, UrlSource):
                return self._described(source).modified_s
            self._checked_out(source)
            return self._times[source]

    def tree(self, source: UrlSource | GitSource) -> Context:
        """The files of a repository (of its sub-directory), or one file `FETCHED_FILE`, as a context of the caller's.

        Raises BuildError, Cancelled."""
        with self._alone(source):
            if isinstance(source, UrlSource):
                return _again(self._downloaded(source), "")
            return _again(self._checked_out(source), source.subdir)

    def select(self, source: UrlSource | GitSource, exclude: tuple[str, ...] = ()) -> Selection:
        """The file, or the files of the repository, to copy. Raises BuildError, Cancelled."""
        with self._alone(source):
            if isinstance(source, UrlSource):
                tree = self._downloaded(source)
                stat = tree.lstat(FETCHED_FILE)
                assert stat is not None
                return Selection(
                    tree, (Match(FETCHED_FILE, url_name(source.url), (Node("", stat),)),)
                )
            tree = self._checked_out(source)
        selection = select(tree, f"/{source.subdir}", exclude=exclude)
        if not all(match.is_directory for match in selection.matches):
            raise BuildError(f'cannot add "{source.subdir}" of a repository: it is no directory')
        return selection

    def _alone(self, source: UrlSource | GitSource) -> threading.Lock:
        """Different sources are fetched at the same time, one source only once."""
        with self._locks:
            return self._busy.setdefault(source, threading.Lock())

    # -- files --------------------------------------------------------------------------------

    def _described(self, source: UrlSource) -> Downloaded:
        """What an address holds now, from memory if the server says that nothing changed."""
        if source not in self._files:
            text = self._store.records.memo_get(_MEMO, source.url)
            known = Downloaded.from_text(text) if text is not None else None
            if known is not None and is_current(source.url, known, self._access):
                self._files[source] = known
            else:
                self._downloaded(source)
        return self._files[source]

    def _downloaded(self, source: UrlSource) -> Context:
        if source not in self._trees:
            root = self._directory()
            known = self._files.get(source)
            got = download(source.url, root / FETCHED_FILE, self._access, checksum=source.checksum)
            if known is not None and known.digest != got.digest:
                raise BuildError(
                    f"{redacted(source.url)} changed while it was being built with",
                    hint="build again",
                )
            self._files.setdefault(source, got)
            if got.etag or got.last_modified:
                self._store.records.memo_put(_MEMO, source.url, got.to_text())
            self._trees[source] = _tree(root)
        return self._trees[source]

    # -- repositories -------------------------------------------------------------------------

    def _revision(self, source: GitSource) -> git.Revision:
        if source not in self._revisions:
            self._revisions[source] = git.find_revision(source, self._access)
        return self._revisions[source]

    def _checked_out(self, source: GitSource) -> Context:
        if source not in self._trees:
            root = self._directory()
            done = git.check_out(source, self._revision(source), root, self._access)
            if source.commit_times:
                _stamp(root, done.time_s)
            self._times[source] = done.time_s
            self._trees[source] = _tree(root)
        return self._trees[source]

    def _directory(self) -> Path:
        directory = Path(mkdtemp(prefix="remote-", dir=self._store.tmp_dir()))
        with self._locks:
            self._directories.append(directory)
        return directory


def _again(tree: Context, subdir: str) -> Context:
    path = resolve(subdir, tree.readlink)
    stat = tree.lstat(path)
    if stat is None or not stat.is_directory:
        raise BuildError(f'cannot use "{subdir}" of a repository as context: it is no directory')
    return Context(tree.open(path))


def _tree(root: Path) -> Context:
    return Context(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def _stamp(root: Path, time_s: int) -> None:
    """Give everything below a directory one time."""
    for parent, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            os.utime(path, (time_s, time_s), follow_symlinks=False)
