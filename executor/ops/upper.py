"""Owns a layer in the making: objects in memory over the read-only tree of the parent.

COPY, ADD and WORKDIR put objects here instead of writing to a mounted file system; nothing is materialised until
the layer's tar is written. Lookups see both, as the step would. It refuses content: objects only say where their
bytes are.
"""

from __future__ import annotations

import os
import posixpath
import stat as stat_bits
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.entries import Entry, Kind
from lithify.executor.layer import WHITEOUT_PREFIX
from lithify.executor.tree import Stat, Tree, resolve
from lithify.values import dataclass, field, replace

if TYPE_CHECKING:
    from lithify.executor.tree import Xattrs

#: Bounds memory against archives that are little else than names.
_MOST_OBJECTS = 2_000_000
#: NAME_MAX of Linux's file systems.
_LONGEST_NAME_BYTES = 255

_KINDS = {
    stat_bits.S_IFREG: Kind.FILE,
    stat_bits.S_IFDIR: Kind.DIRECTORY,
    stat_bits.S_IFLNK: Kind.SYMLINK,
    stat_bits.S_IFCHR: Kind.CHARACTER,
    stat_bits.S_IFBLK: Kind.BLOCK,
    stat_bits.S_IFIFO: Kind.FIFO,
}


@dataclass(slots=True)
class Directory:
    """A directory of the layer; with `below` the parent's directory of the same path shows through."""

    entry: Entry
    children: dict[str, Entry | Directory] = field(default_factory=dict)
    below: bool = False
    hides: bool = False


#: What a path leads to: an object of the layer, one of the parent, or nothing.
Found = Entry | Directory | Stat | None


class Upper:
    """The objects that a layer adds to `parent`. One object may have several names: these are hard links."""

    def __init__(self, parent: Tree) -> None:
        self._parent = parent
        self._root = Directory(Entry("", Kind.DIRECTORY, mode=0o755), below=True)
        self._objects = 0

    def look(self, path: str) -> Found:
        """What is at a path without symlinks in it; a Stat is an object of the parent."""
        node: Found = self._root
        at = ""
        for name in path.split("/") if path else ():
            at = f"{at}/{name}" if at else name
            node = self.step(node, at, name)
        return node

    def step(self, node: Found, path: str, name: str) -> Found:
        """The child `name` of what is at the directory above `path`."""
        if isinstance(node, Directory):
            child = node.children.get(name)
            return self._parent.lstat(path) if child is None and node.below else child
        if isinstance(node, Stat) and node.is_directory:
            return self._parent.lstat(path)
        return None

    def resolve(self, path: str, *, follow_last: bool = True) -> str:
        """The path with symlinks of both followed inside the root. Raises BuildError for a loop."""
        return resolve(path, _Walk(self, self._parent), follow_last=follow_last)

    def is_directory(self, path: str) -> bool:
        return _is_directory(self.look(path))

    def child_is_directory(self, directory: Directory, path: str, name: str) -> bool | None:
        """Whether a child, whose path is given, is a directory; None if there is no such child."""
        found = self.step(directory, path, name)
        return None if found is None else _is_directory(found)

    def directory(self, path: str, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> Directory:
        """The directory at a path without symlinks in it, to put things into.

        Missing ones are made with `mode` and `owner`; those of the parent are listed unchanged. Raises
        BuildError if there is something else on the way."""
        node = self._root
        at = ""
        for name in path.split("/") if path else ():
            at = f"{at}/{name}" if at else name
            child = node.children.get(name)
            if child is None:
                child = self._missing_directory(node, at, mode, owner)
                self._add(node, name, child)
            elif not isinstance(child, Directory):
                raise _not_a_directory(at)
            node = child
        return node

    def put(self, directory: Directory, name: str, entry: Entry) -> None:
        """Give an object (not a directory) a name, in place of whatever had it."""
        self._add(directory, name, entry)

    def put_directory(self, directory: Directory, path: str, entry: Entry) -> Directory:
        """A child directory with new attributes; its content stays if it was one, else it is empty."""
        name = posixpath.basename(path)
        child = directory.children.get(name)
        if isinstance(child, Directory):
            child.entry = entry
            return child
        there = _is_directory(self._parent.lstat(path)) if directory.below else False
        made = Directory(entry, below=there and child is None, hides=there and child is not None)
        self._add(directory, name, made)
        return made

    def adopt(self, path: str) -> Entry | None:
        """The object (not a directory) at a path without symlinks in it, so that it can get another name.

        One of the parent becomes part of this layer, as a hard link needs its file beside it."""
        found = self.look(path)
        if not isinstance(found, Stat) or found.is_directory:
            return found if isinstance(found, Entry) else None
        entry = entry_of(self._parent, path, found)
        if entry is not None:
            self._add(self.directory(posixpath.dirname(path)), posixpath.basename(path), entry)
        return entry

    def entries(self) -> list[Entry]:
        """All objects with their paths; the first name of an object by path bytes carries it."""
        found: list[tuple[str, Entry | Directory]] = []
        todo: list[tuple[str, Directory]] = [("", self._root)]
        while todo:
            at, directory = todo.pop()
            prefix = f"{at}/" if at else ""
            for name, child in directory.children.items():
                found.append((prefix + name, child))
                if isinstance(child, Directory):
                    todo.append((prefix + name, child))
        found.sort(key=lambda pair: os.fsencode(pair[0]))
        return _named(found)

    def _missing_directory(
        self, directory: Directory, path: str, mode: int, owner: tuple[int, int]
    ) -> Directory:
        stat = self._parent.lstat(path) if directory.below else None
        if stat is None:
            return Directory(Entry(path, Kind.DIRECTORY, mode, *owner))
        if not stat.is_directory:
            raise _not_a_directory(path)
        entry = entry_of(self._parent, path, stat)
        assert entry is not None
        return Directory(entry, below=True)

    def _add(self, directory: Directory, name: str, child: Entry | Directory) -> None:
        _check_name(name)
        self._objects += 1
        if self._objects > _MOST_OBJECTS:
            raise BuildError(f"cannot make a layer of more than {_MOST_OBJECTS} objects")
        directory.children[name] = child


class _Walk:
    """Reads links along one path; remembers where it stands, or a deep path would cost its square."""

    def __init__(self, upper: Upper, parent: Tree) -> None:
        self._upper = upper
        self._parent = parent
        self._at = ""
        self._node: Found = upper.look("")

    def __call__(self, path: str) -> str | None:
        above, _, name = path.rpartition("/")
        if above == self._at:
            self._node = self._upper.step(self._node, path, name)
        else:
            self._node = self._upper.look(path)
        self._at = path
        if isinstance(self._node, Entry):
            return self._node.target if self._node.kind is Kind.SYMLINK else None
        if isinstance(self._node, Stat) and self._node.is_symlink:
            return self._parent.readlink(path)
        return None


def entry_of(tree: Tree, path: str, stat: Stat, xattrs: Xattrs | None = None) -> Entry | None:
    """An object of a tree as an entry without path and time; None for a socket, which layers don't hold."""
    kind = _KINDS.get(stat_bits.S_IFMT(stat.mode))
    if kind is None:
        return None
    entry = Entry("", kind, stat_bits.S_IMODE(stat.mode), stat.uid, stat.gid)
    if kind is Kind.FILE:
        entry.content = tree.content(path, stat)
    elif kind is Kind.SYMLINK:
        entry.mode = 0o777
        entry.target = tree.readlink(path) or ""
    elif kind is not Kind.DIRECTORY:
        entry.device = (os.major(stat.rdev), os.minor(stat.rdev))
    if kind is Kind.FILE or kind is Kind.DIRECTORY:
        entry.xattrs = tree.xattrs(path, stat) if xattrs is None else xattrs
    return entry


def _check_name(name: str) -> None:
    """Here, for whoever unpacks the layer is not to blame for names that no file system holds."""
    if name.startswith(WHITEOUT_PREFIX):
        raise BuildError(
            f'cannot put "{name}" into an image: names that begin with {WHITEOUT_PREFIX} mean '
            "deleted files there",
            hint="rename the file or exclude it",
        )
    # A character has at most four bytes: most names need not be encoded to be short enough.
    if 4 * len(name) > _LONGEST_NAME_BYTES and len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        raise BuildError(
            f'cannot put "{name[:40]}..." into an image: '
            f"a name has at most {_LONGEST_NAME_BYTES} bytes"
        )


def _is_directory(found: Found) -> bool:
    return isinstance(found, Directory) or (isinstance(found, Stat) and found.is_directory)


def _not_a_directory(path: str) -> BuildError:
    return BuildError(f"mkdir /{path}: not a directory")


def _named(found: list[tuple[str, Entry | Directory]]) -> list[Entry]:
    """Entries for sorted paths; an object met again becomes a hard link to its first path."""
    entries: list[Entry] = []
    first: dict[int, str] = {}
    for path, child in found:
        entry = child.entry if isinstance(child, Directory) else child
        if (known := first.get(id(entry))) is not None:
            link = replace(entry, path=path, kind=Kind.HARDLINK, target=known, xattrs=())
            link.content = None
            entries.append(link)
            continue
        first[id(entry)] = entry.path = path
        entries.append(entry)
        if isinstance(child, Directory) and child.hides:
            entries.append(Entry(path, Kind.OPAQUE))
    return entries
