"""Owns the content digest of a selection, and the memory of files already hashed.

Two selections have one digest exactly when COPY makes the same layer of them: paths, types, modes, owners, link
targets, attributes and bytes count; times never do (reference semantics, 5.5; docs/cache-keys.md). It refuses
weak hashes: a digest may become part of a key that others share.
"""

from __future__ import annotations

import hashlib
import os
import stat as stat_bits
from typing import TYPE_CHECKING, Protocol

from lithify.executor.tree import read_verified, unreadable, xattrs_of
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.executor.selection import Match, Node, Selection
    from lithify.executor.tree import Stat, Tree, Xattrs

_DOMAIN = b"lithify selection 1\0"
_EMPTY = hashlib.sha256().digest()
_THREADS = 2
_LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileDigest:
    """The sha256 of a file's bytes, and the attributes that layers carry."""

    content: bytes
    xattrs: Xattrs = ()


class FileDigests(Protocol):
    """What is known of files as they were described. Thread-safe; forgetting is always allowed."""

    def get(self, stat: Stat) -> FileDigest | None: ...

    def put(self, stat: Stat, digest: FileDigest) -> None: ...


class MemoryFileDigests:
    """Digests for as long as one build lasts."""

    def __init__(self) -> None:
        self._known: dict[Stat, FileDigest] = {}

    def get(self, stat: Stat) -> FileDigest | None:
        return self._known.get(stat)

    def put(self, stat: Stat, digest: FileDigest) -> None:
        self._known[stat] = digest


def selection_digest(
    selection: Selection,
    digests: FileDigests,
    *,
    owners_matter: bool = True,
    modes_matter: bool = True,
    names_matter: bool = True,
) -> str:
    """Names the content of a selection: 64 hex digits.

    Owners don't matter under --chown, modes under an octal --chmod, the matches' own names without a pattern.
    Raises BuildError for what can't be read or changed since it was listed."""
    tree = selection.tree
    _hash_files(tree, selection.matches, digests)
    total = hashlib.sha256(_DOMAIN)
    for match in selection.matches:
        total.update(b"match\0")
        if names_matter:
            total.update(os.fsencode(match.name) + b"\0")
        describe = _Describer(tree, match, digests, owners_matter, modes_matter)
        for node in sorted(match.nodes, key=_path_bytes):
            total.update(describe(node))
    return total.hexdigest()


def link_leaders(match: Match) -> dict[str, str]:
    """For every further name of a hard-linked file in a match, the name that stands for the file.

    The first in the order of path bytes leads; names outside of the match don't count."""
    names: dict[tuple[int, int], list[str]] = {}
    for node in match.nodes:
        if node.stat.nlink > 1 and node.stat.is_regular:
            names.setdefault((node.stat.dev, node.stat.ino), []).append(node.path)
    leaders = {}
    for paths in names.values():
        first, *others = sorted(paths, key=os.fsencode)
        leaders.update(dict.fromkeys(others, first))
    return leaders


class _Describer:
    """One node of a match as canonical bytes; no field can run into the next."""

    def __init__(
        self,
        tree: Tree,
        match: Match,
        digests: FileDigests,
        owners_matter: bool,
        modes_matter: bool,
    ) -> None:
        self._tree = tree
        self._match = match
        self._digests = digests
        self._owners_matter = owners_matter
        self._modes_matter = modes_matter
        self._leaders = link_leaders(match)

    def __call__(self, node: Node) -> bytes:
        path, stat = node
        kind = stat_bits.S_IFMT(stat.mode)
        if not path and stat.is_directory:
            # Only the content of a named directory is copied: its own mode and owner never arrive.
            return b"root\0"
        if path in self._leaders:
            return b"link\0%b\0%b\0" % (os.fsencode(path), os.fsencode(self._leaders[path]))
        owner = (stat.uid, stat.gid) if self._owners_matter else (0, 0)
        with_mode = self._modes_matter and not stat.is_symlink
        mode = stat_bits.S_IMODE(stat.mode) if with_mode else 0
        head = b"%o %o %d %d\0%b\0" % (kind, mode, *owner, os.fsencode(path))
        return head + self._body(node)

    def _body(self, node: Node) -> bytes:
        path, stat = self._match.path_of(node), node.stat
        if stat.is_regular:
            known = self._digests.get(stat) or _hash_file(self._tree, path, stat)
            return known.content + _xattr_bytes(known.xattrs)
        if stat.is_directory:
            return _xattr_bytes(self._tree.xattrs(path, stat))
        if stat.is_symlink:
            return os.fsencode(self._tree.readlink(path) or "") + b"\0"
        return b"%d\0" % stat.rdev


def _xattr_bytes(xattrs: Xattrs) -> bytes:
    parts = [b"%d\0" % len(xattrs)]
    for name, value in xattrs:
        parts.append(b"%b\0%d\0%b" % (os.fsencode(name), len(value), value))
    return b"".join(parts)


def _path_bytes(node: Node) -> bytes:
    return os.fsencode(node.path)


# -- hashing of files -----------------------------------------------------------------------------


def _hash_files(tree: Tree, matches: Iterable[Match], digests: FileDigests) -> None:
    """Hash every regular file that is not known yet.

    Only large files go to threads: hashing leaves the interpreter's lock, opening small files does not."""
    todo = [
        (match.path_of(node), node.stat)
        for match in matches
        for node in match.nodes
        if node.stat.is_regular and digests.get(node.stat) is None
    ]
    large = [one for one in todo if one[1].size >= _LARGE_BYTES]
    if len(large) < _THREADS:
        _hash_some(tree, todo, digests)
        return
    from concurrent.futures import ThreadPoolExecutor  # only when there is work for it

    with ThreadPoolExecutor(_THREADS) as pool:
        jobs = [pool.submit(_hash_some, tree, [one], digests) for one in large]
        _hash_some(tree, [one for one in todo if one[1].size < _LARGE_BYTES], digests)
        for job in jobs:
            job.result()


def _hash_some(tree: Tree, files: Iterable[tuple[str, Stat]], digests: FileDigests) -> None:
    for path, stat in files:
        digests.put(stat, _hash_file(tree, path, stat))


def _hash_file(tree: Tree, path: str, stat: Stat) -> FileDigest:
    if not stat.size:
        return FileDigest(_EMPTY, tree.xattrs(path, stat))
    fd = tree.open(path)
    try:
        total = hashlib.sha256()
        read_verified(fd, path, stat, total.update)
        return FileDigest(total.digest(), xattrs_of(fd))
    except OSError as error:
        raise unreadable(path, error) from error
    finally:
        os.close(fd)
