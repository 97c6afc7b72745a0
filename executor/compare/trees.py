"""Owns the merged file tree of an image, as values: what its layers give when laid on top of each other.

It exists so that two images can be compared without unpacking either: layers are read once, front to back, and only
names, metadata and digests are kept. Layers that two images share at the bottom are read once for both. It refuses
whiteouts that mean nothing.

Specification: OCI image-spec, layer, "Applying changesets" and "Whiteouts".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import Corrupt
from lithify.executor.compare.members import MOST_MEMBERS, Member, read_members
from lithify.executor.entries import Kind
from lithify.executor.layer import OPAQUE_NAME, WHITEOUT_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    Tree = dict[str, Member]

_AUFS_PREFIX = ".wh..wh."


class LayerSource(NamedTuple):
    """A layer that can be read as often as needed: `open` gives its plain tar, which the caller closes.

    `made_by` is the entry of the image's history that it belongs to."""

    diff_id: str
    open: Callable[[], BinaryIO]
    made_by: str = ""


def merge(layers: Sequence[LayerSource], onto: Tree | None = None, *, first: int = 0) -> Tree:
    """The tree that layers make, on top of another one; `first` is the index of the first of them.

    Raises ContentError."""
    tree = dict(onto or {})
    for index, layer in enumerate(layers, first):
        _apply(tree, layer, index)
        if len(tree) > MOST_MEMBERS:
            raise Corrupt(f"an image has more than {MOST_MEMBERS} files")
    return tree


def _apply(tree: Tree, layer: LayerSource, index: int) -> None:
    fresh: Tree = {}
    hidden: set[str] = set()
    emptied: set[str] = set()
    what = f"the layer {layer.diff_id[:19]}"
    with layer.open() as stream:
        for path, member in read_members(stream, what, index):
            directory, _, name = path.rpartition("/")
            if name == OPAQUE_NAME:
                emptied.add(directory)
            elif name.startswith(_AUFS_PREFIX):
                continue
            elif name.startswith(WHITEOUT_PREFIX):
                hidden.add(_joined(directory, name.removeprefix(WHITEOUT_PREFIX)))
            else:
                fresh[path] = member
        while stream.read(1024 * 1024):  # to its end, where the digest is checked
            pass
    replaced = {
        path
        for path, member in fresh.items()
        if member.kind is not Kind.DIRECTORY and path in tree and tree[path].kind is Kind.DIRECTORY
    }
    if hidden or emptied or replaced:
        _remove(tree, hidden | replaced, emptied)
    tree.update(fresh)


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _remove(tree: Tree, hidden: set[str], emptied: set[str]) -> None:
    """Take out what is hidden with all below it, and what is below emptied directories."""
    if "" in emptied:
        for path in [path for path in tree if path]:
            del tree[path]
        return
    for path in [path for path in tree if _is_gone(path, hidden, emptied)]:
        del tree[path]


def _is_gone(path: str, hidden: set[str], emptied: set[str]) -> bool:
    if path in hidden:
        return True
    above = path.rpartition("/")[0]
    while above:
        if above in hidden or above in emptied:
            return True
        above = above.rpartition("/")[0]
    return False
