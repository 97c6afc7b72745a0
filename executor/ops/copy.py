"""Owns COPY and ADD: where the selected files go, and with which owner and mode.

The rules are the reference builder's (COPY and ADD: destination and metadata); entries are computed over a
read-only parent, later sources see what earlier ones made. Times are left to the layer. It refuses to resolve
sources: selections come in.
"""

from __future__ import annotations

import posixpath
import stat as stat_bits
from typing import TYPE_CHECKING

from lithify.compiler.plan import GitSource, InlineSource, TreeSource, UrlSource
from lithify.errors import BuildError
from lithify.executor.entries import Bytes, Entry, Kind
from lithify.executor.ops.chmod import parse_chmod
from lithify.executor.ops.owner import copy_owner
from lithify.executor.ops.upper import Upper, entry_of
from lithify.executor.tree import EmptyTree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lithify.compiler.plan import CopyOp, Source
    from lithify.executor.filehash import FileDigests
    from lithify.executor.ops.upper import Directory
    from lithify.executor.selection import Match, Node, Selection
    from lithify.executor.tree import Tree

_SECOND_NS = 1_000_000_000


def copy_entries(
    op: CopyOp,
    parent: Tree,
    selections: Sequence[Selection | None],
    *,
    digests: FileDigests,
    temporary: Path,
) -> list[Entry]:
    """The entries of the layer that a COPY or ADD makes on `parent`.

    `selections` are parallel to the operation's sources, None for inline ones. Entries may read from trees and
    from unnamed files in `temporary` until they are dropped. Raises BuildError for what can't be copied, Corrupt
    for a broken archive."""
    copier = _Copier(op, EmptyTree() if op.link else parent, digests, temporary)
    for source, selection in zip(op.sources, selections, strict=True):
        if isinstance(source, InlineSource):
            copier.copy_inline(source)
        else:
            assert selection is not None
            copier.copy_selection(source, selection)
    return copier.entries()


def _keeps_times(source: Source) -> bool:
    """Whether the times of a source's files are part of its content: they are what its server says.

    With a checksum the bytes alone count, and no server is asked."""
    match source:
        case UrlSource(checksum=checksum):
            return not checksum
        case GitSource(commit_times=commit_times):
            return commit_times
        case _:
            return False


class _Copier:
    def __init__(self, op: CopyOp, parent: Tree, digests: FileDigests, temporary: Path) -> None:
        self._destination = op.destination
        self._unpack = op.unpack
        self._upper = Upper(parent)
        self._digests = digests
        self._temporary = temporary
        self._chmod = parse_chmod(op.chmod)
        self._owner = copy_owner(parent, op.chown) if op.chown else None
        self._keeps_times = False

    def entries(self) -> list[Entry]:
        return self._upper.entries()

    def copy_inline(self, source: InlineSource) -> None:
        entry = Entry("", Kind.FILE, 0o644, content=Bytes(source.content))
        self._put_file(source.name, self._changed(entry))

    def copy_selection(self, source: Source, selection: Selection) -> None:
        self._keeps_times = _keeps_times(source)
        for match in selection.matches:
            if self._may_unpack(source) and self._extract(selection.tree, match):
                continue
            if match.is_directory:
                self._copy_directory(selection.tree, match)
            else:
                entry = self._entry(selection.tree, match, match.nodes[0])
                if entry is not None:
                    self._put_file(match.name, entry)

    def _may_unpack(self, source: Source) -> bool:
        return isinstance(source, TreeSource) if self._unpack is None else self._unpack

    def _extract(self, tree: Tree, match: Match) -> bool:
        from lithify.executor.ops import extract  # only ADD pays for the decompressors

        stat = match.nodes[0].stat
        if not stat.is_regular:
            return False
        archive = extract.open_archive(tree, match.path, stat, self._temporary)
        if archive is None:
            return False
        destination = self._upper.resolve(self._destination)
        self._make(destination, 0o755)
        extract.extract(archive, self._upper, destination, self._owner)
        return True

    # -- destinations -------------------------------------------------------------------------

    def _put_file(self, name: str, entry: Entry) -> None:
        """A named file: into an existing directory or one that is asked for, else at the path itself."""
        target = self._target()
        if self._upper.is_directory(target):
            target = posixpath.join(target, name)
        self._put(self._make(posixpath.dirname(target)), target, entry)

    def _copy_directory(self, tree: Tree, match: Match) -> None:
        """The content of a directory, merged into the destination (whose own attributes stay)."""
        target = self._target()
        if self._upper.look(target) is not None and not self._upper.is_directory(target):
            raise BuildError(f"cannot copy to non-directory: /{target}")
        directories = {"": self._make(target)}
        links: dict[tuple[int, int], Entry] = {}
        for node in match.nodes[1:]:
            above, _, _ = node.path.rpartition("/")
            path = posixpath.join(target, node.path)
            if node.stat.is_directory:
                directories[node.path] = self._merge(tree, match, node, directories[above], path)
                continue
            inode = (node.stat.dev, node.stat.ino)
            shared = node.stat.nlink > 1 and node.stat.is_regular
            entry = links.get(inode) if shared else None
            if entry is None:
                entry = self._entry(tree, match, node)
            if entry is None:
                continue
            if shared:
                links[inode] = entry
            self._put(directories[above], path, entry)

    def _target(self) -> str:
        """Where the destination leads, with the directories made that it asks for."""
        asked = self._destination
        directory, name = posixpath.split(asked)
        if name in ("", "."):
            directory = asked
        self._make(self._upper.resolve(directory))
        return self._upper.resolve(asked)

    def _make(self, path: str, mode: int | None = None) -> Directory:
        wanted = self._chmod.created_directory_mode if mode is None else mode
        return self._upper.directory(path, wanted, self._owner or (0, 0))

    def _put(self, directory: Directory, path: str, entry: Entry) -> None:
        name = posixpath.basename(path)
        if self._upper.child_is_directory(directory, path, name):
            raise BuildError(f"cannot replace to directory /{path} with file")
        self._upper.put(directory, name, entry)

    def _merge(
        self, tree: Tree, match: Match, node: Node, directory: Directory, path: str
    ) -> Directory:
        name = posixpath.basename(path)
        if self._upper.child_is_directory(directory, path, name) is False:
            raise BuildError(f"cannot copy to non-directory: /{path}")
        entry = self._entry(tree, match, node)
        assert entry is not None
        return self._upper.put_directory(directory, path, entry)

    # -- metadata -----------------------------------------------------------------------------

    def _entry(self, tree: Tree, match: Match, node: Node) -> Entry | None:
        known = self._digests.get(node.stat) if node.stat.is_regular else None
        xattrs = None if known is None else known.xattrs
        entry = entry_of(tree, match.path_of(node), node.stat, xattrs)
        if entry is not None and self._keeps_times:
            entry.mtime = node.stat.mtime_ns // _SECOND_NS
        return None if entry is None else self._changed(entry)

    def _changed(self, entry: Entry) -> Entry:
        """The entry with --chown and --chmod applied."""
        if self._owner is not None:
            entry.uid, entry.gid = self._owner
        if entry.kind is not Kind.SYMLINK:
            is_directory = entry.kind is Kind.DIRECTORY
            mode = self._chmod.applied(entry.mode, is_directory=is_directory)
            entry.mode = stat_bits.S_IMODE(mode)
        return entry
