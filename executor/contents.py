"""Owns what the layers of an image hold together: sizes by layer and folder, and bytes that a later layer hides.

Layers are streamed into one tree of names without content, so that a file's end is seen when a later layer replaces or
removes it. It refuses to unpack, and images with more names than memory should hold.

Specification: OCI image-spec, layer, for whiteouts; 3.3 for hard links, whose bytes count once.
"""

from __future__ import annotations

import posixpath
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.compression import open_plain
from lithify.errors import BuildError
from lithify.executor.entries import Kind
from lithify.executor.ownership import MOST_BYTES, Owned, read_owned, wants
from lithify.executor.tarreader import read_tar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.cache.ports import Layer
    from lithify.cache.store import Store
    from lithify.executor.tarreader import TarMember

_CHUNK = 1024 * 1024
_MOST_NAMES = 3_000_000
_OPAQUE = ".wh..wh..opq"
_WHITEOUT = ".wh."


class LayerContent(NamedTuple):
    """A layer: bytes of its files, how many of them later layers hide, and how many files it brings."""

    diff_id: str
    size_bytes: int
    wasted_bytes: int
    files: int


class Waste(NamedTuple):
    """A path whose bytes are stored but not seen: `is_deleted`, else overwritten.

    `times` is how often that happened; `stored` and `hidden` are the layers of the last time, from 0."""

    path: str
    size_bytes: int
    times: int
    is_deleted: bool
    stored: int
    hidden: int


class File:
    """A file's bytes under one or more names; `owned` is what it says about packages, if it is such a list."""

    __slots__ = ("layer", "names", "owned", "size_bytes", "target")

    def __init__(self, size_bytes: int, layer: int, target: str = "") -> None:
        self.size_bytes = size_bytes
        self.layer = layer
        self.names = 1
        self.target = target
        self.owned: Owned = ()


class Folder:
    """A directory of the merged file system."""

    __slots__ = ("children",)

    def __init__(self) -> None:
        self.children: dict[str, Folder | File] = {}


class Contents:
    """The merged file system of an image; grows layer by layer."""

    def __init__(self) -> None:
        self.root = Folder()
        self.layers: list[LayerContent] = []
        self._names = 0
        self._sizes: list[int] = []
        self._wasted: list[int] = []
        self._waste: dict[str, Waste] = {}

    # -- reading ---------------------------------------------------------------------------------

    def find(self, path: str) -> Folder | File | None:
        """What is at a path; symbolic links in the root folder are followed, as merged systems have them."""
        first, slash, rest = path.partition("/")
        top = self.root.children.get(first)
        if isinstance(top, File) and top.target and slash:
            path = f"{top.target.strip('/')}/{rest}"
        node: Folder | File | None = self.root
        for name in path.split("/") if path else ():
            node = node.children.get(name) if isinstance(node, Folder) else None
        return node

    def files(self, top: Folder | None = None, path: str = "") -> Iterator[tuple[str, File]]:
        """Every name of a file below a folder, in no order."""
        todo = [(path, top or self.root)]
        while todo:
            path, folder = todo.pop()
            for name, child in folder.children.items():
                below = f"{path}/{name}" if path else name
                if isinstance(child, Folder):
                    todo.append((below, child))
                else:
                    yield below, child

    def folder_sizes(self) -> dict[str, int]:
        """The bytes below every folder; the root is ''. A file with several names counts at the first."""
        sizes: dict[str, int] = {"": 0}
        seen: set[int] = set()
        for path, file in sorted(self.files(), key=_path):
            if file.names > 1:
                if id(file) in seen:
                    continue
                seen.add(id(file))
            while path:
                path = posixpath.dirname(path)
                sizes[path] = sizes.get(path, 0) + file.size_bytes
        return sizes

    def waste(self) -> tuple[Waste, ...]:
        """What is stored but not seen, the largest first."""
        found = (one for one in self._waste.values() if one.size_bytes)
        return tuple(sorted(found, key=lambda one: (-one.size_bytes, one.path)))

    # -- adding layers ---------------------------------------------------------------------------

    def add(self, store: Store, layer: Layer) -> None:
        """Lay one more layer on top. Raises NotFound, Corrupt, DigestMismatch, RegistryError, BuildError."""
        self._sizes.append(0)
        self._wasted.append(0)
        files = 0
        with closing(open_plain(store.blobs, layer)) as stream:
            for member in read_tar(stream, "the layer"):
                files += self._see(member)
            while stream.read(_CHUNK):  # its digest is compared at the end
                pass
        self.layers.append(LayerContent(str(layer.diff_id), self._sizes[-1], 0, files))
        self.layers = [
            one._replace(wasted_bytes=wasted)
            for one, wasted in zip(self.layers, self._wasted, strict=True)
        ]

    def _see(self, member: TarMember) -> bool:
        """Take a member; whether it is a file."""
        entry = member.entry
        above, name = posixpath.split(entry.path)
        if not name:
            return False
        if name == _OPAQUE:
            folder = self.find(above) if above else self.root
            if isinstance(folder, Folder):
                self._hide_below(above, folder, is_deleted=True)
            return False
        folder = self._folder(above)
        if name.startswith(_WHITEOUT):
            gone = name.removeprefix(_WHITEOUT)
            self._remove(folder, posixpath.join(above, gone), gone, is_deleted=True)
            return False
        if entry.kind is Kind.DIRECTORY:
            self._folder(entry.path)
            return False
        linked = self.find(entry.target) if entry.kind is Kind.HARDLINK else None
        self._remove(folder, entry.path, name, is_deleted=False, always=True)
        if isinstance(linked, File):
            linked.names += 1
            folder.children[name] = linked
        else:
            folder.children[name] = self._made(member)
        self._count()
        return True

    def _made(self, member: TarMember) -> File:
        entry = member.entry
        made = File(
            member.size, len(self._sizes) - 1, entry.target if entry.kind is Kind.SYMLINK else ""
        )
        self._sizes[-1] += member.size
        if entry.kind is Kind.FILE and member.size <= MOST_BYTES and wants(entry.path):
            pieces: list[bytes] = []
            member.copy_to(pieces.append)
            made.owned = read_owned(entry.path, b"".join(pieces))
        return made

    def _count(self) -> None:
        self._names += 1
        if self._names > _MOST_NAMES:
            raise BuildError(f"the image has more than {_MOST_NAMES} names: it is not looked into")

    def _folder(self, path: str) -> Folder:
        """The folder at a path, made if it is not there; a file in its place is overwritten."""
        folder, at = self.root, ""
        for name in path.split("/") if path else ():
            at = posixpath.join(at, name)
            child = folder.children.get(name)
            if not isinstance(child, Folder):
                self._remove(folder, at, name, is_deleted=False, always=True)
                child = folder.children[name] = Folder()
                self._count()
            folder = child
        return folder

    def _remove(
        self, folder: Folder, path: str, name: str, *, is_deleted: bool, always: bool = False
    ) -> None:
        """Take a name out; unless `always`, only what layers below brought (whiteouts hide no more)."""
        child = folder.children.get(name)
        if isinstance(child, Folder):
            self._hide_below(path, child, is_deleted=is_deleted, always=always)
            if always or not child.children:
                del folder.children[name]
        elif child is not None and (always or child.layer < len(self._sizes) - 1):
            del folder.children[name]
            self._lose(path, child, is_deleted)

    def _hide_below(
        self, path: str, top: Folder, *, is_deleted: bool, always: bool = False
    ) -> None:
        """Hide what is below a folder; folders that become empty by that go as well."""
        order = [(path, top)]
        for at, folder in order:
            order += [
                (f"{at}/{name}" if at else name, child)
                for name, child in folder.children.items()
                if isinstance(child, Folder)
            ]
        for at, folder in reversed(order):
            for name, child in list(folder.children.items()):
                if isinstance(child, Folder):
                    if not child.children:
                        del folder.children[name]
                elif always or child.layer < len(self._sizes) - 1:
                    del folder.children[name]
                    self._lose(f"{at}/{name}" if at else name, child, is_deleted)

    def _lose(self, path: str, file: File, is_deleted: bool) -> None:
        """A name is hidden; its bytes are wasted if it was the last."""
        file.names -= 1
        if file.names:
            return
        self._wasted[file.layer] += file.size_bytes
        known = self._waste.get(path)
        size, times = (known.size_bytes, known.times) if known else (0, 0)
        self._waste[path] = Waste(
            path,
            size + file.size_bytes,
            times + 1,
            is_deleted,
            file.layer,
            len(self._sizes) - 1,
        )


def read_contents(store: Store, layers: Sequence[Layer]) -> Contents:
    """The merged file system of layers, lowest first. Raises as `Contents.add`."""
    contents = Contents()
    for layer in layers:
        contents.add(store, layer)
    return contents


def _path(pair: tuple[str, File]) -> str:
    return pair[0]
