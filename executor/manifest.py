"""Owns lists of files: what a selection held, and how two of them differ, in words.

A key holds one digest for all files of a source; a list of them, kept beside it, lets a rerun name the file that
changed. Lists only explain: digests in them are cut short, and what is too long is summed up by directory. It
refuses to decide anything.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat as stat_bits
from typing import TYPE_CHECKING, NamedTuple

from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lithify.executor.filehash import FileDigests
    from lithify.executor.selection import Match, Selection

MOST_FILES = 50_000
_MOST_NAMED = 3
_BYTES = 8
_TYPES = {
    stat_bits.S_IFDIR: "a directory",
    stat_bits.S_IFLNK: "a symlink",
    stat_bits.S_IFREG: "a file",
}


class Facts(NamedTuple):
    """What counts of an object: type and mode, owner (`uid:gid`, '' if it does not count), content."""

    mode: int
    owner: str
    content: str


Manifest = dict[str, Facts]


@dataclass(frozen=True, slots=True)
class Matters:
    """Which parts of a selection enter its digest (see `selection_digest`)."""

    owners: bool
    modes: bool
    names: bool


def manifest_of(selection: Selection, digests: FileDigests, matters: Matters) -> bytes:
    """The list of a selection's files, as bytes to keep; paths are relative to the source ('' is a named file).

    `digests` knows every regular file already."""
    rows = [row for match in selection.matches for row in _rows(selection, match, digests, matters)]
    if len(rows) <= MOST_FILES:
        return _to_bytes(rows)
    files, depth = _shortened(_parsed(rows))
    return _to_bytes((_row(path, one) for path, one in files.items()), depth)


def _rows(
    selection: Selection, match: Match, digests: FileDigests, matters: Matters
) -> Iterator[str]:
    """A row for each object; made without any detour, for there may be many."""
    top = match.name if matters.names else ""
    prefix = f"{top}/" if top else ""
    bits = 0o7777 if matters.modes else 0
    for node in match.nodes:
        stat, mode = node.stat, node.stat.mode
        kind, content = stat_bits.S_IFMT(mode), ""
        if kind == stat_bits.S_IFREG:
            known = digests.get(stat)
            if known is not None:
                content = known.content[:_BYTES].hex()
                if known.xattrs:
                    content += hashlib.sha256(repr(known.xattrs).encode()).hexdigest()[:4]
        elif kind == stat_bits.S_IFLNK:
            content, mode = selection.tree.readlink(match.path_of(node)) or "", kind
        elif kind == stat_bits.S_IFDIR and not node.path:
            continue  # the named directory itself is not copied, only what is in it
        owner = f"{stat.uid}:{stat.gid}" if matters.owners else ""
        path = prefix + node.path if node.path else top
        yield f"{kind | mode & bits:o}\n{owner}\n{content}\n{path}"


def _row(path: str, facts: Facts) -> str:
    return f"{facts.mode:o}\n{facts.owner}\n{facts.content}\n{path}"


def _to_bytes(rows: Iterable[str], depth: int | None = None) -> bytes:
    """Rows behind the depth at which the list was cut, empty if it was not."""
    return os.fsencode("\0".join(("" if depth is None else str(depth), *rows)))


def _split(data: bytes) -> tuple[int | None, list[str]]:
    depth, *rows = os.fsdecode(data).split("\0")
    return int(depth) if depth.isdecimal() else None, rows


def _parsed(rows: Iterable[str]) -> Manifest:
    """What rows say; what can't be read is left out."""
    files: Manifest = {}
    for row in rows:
        fields = row.split("\n", 3)
        if len(fields) == 4 and re.fullmatch("[0-7]+", fields[0]):
            files[fields[3]] = Facts(int(fields[0], 8), fields[1], fields[2])
    return files


def _shortened(files: Manifest) -> tuple[Manifest, int]:
    """At most MOST_FILES entries, and the depth from which on directories stand for what is in them."""
    depth = max(path.count("/") for path in files)
    while len(files) > MOST_FILES and depth:
        files = _folded(files, depth)
        depth -= 1
    return dict(sorted(files.items())[:MOST_FILES]), depth + 1


def _folded(files: Manifest, depth: int) -> Manifest:
    """Everything at `depth` and deeper summed up in the directory above."""
    kept = {path: one for path, one in files.items() if path.count("/") < depth}
    sums: dict[str, hashlib._Hash] = {}
    for path in sorted(path for path in files if path.count("/") >= depth):
        above = "/".join(path.split("/")[:depth])
        total = sums.setdefault(above, hashlib.sha256())
        total.update(os.fsencode(f"{path}\0{files[path]}\0"))
    for above, total in sums.items():
        own = files.get(above, Facts(stat_bits.S_IFDIR, "", ""))
        kept[above] = own._replace(content=total.hexdigest()[: 2 * _BYTES])
    return kept


# -- differences ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """One kind of change and what it happened to; `detail` completes the sentence about a single one."""

    verb: str
    paths: tuple[str, ...]
    detail: str = ""

    def phrase(self, most: int = _MOST_NAMED) -> str:
        """`a changed`, or `3 files changed: a, b, c`."""
        if len(self.paths) == 1:
            return f"{self.paths[0]} {self.detail or self.verb}"
        named = ", ".join(self.paths[:most]) + (", ..." if len(self.paths) > most else "")
        return f"{len(self.paths)} files {self.verb}: {named}"


def differences(old: bytes, new: bytes) -> tuple[Difference, ...]:
    """What changed between two lists of `manifest_of`; damaged ones differ in what can be read."""
    (old_depth, old_rows), (new_depth, new_rows) = _split(old), _split(new)
    if old_depth == new_depth:
        before, after = set(old_rows), set(new_rows)
        return compare(_parsed(before - after), _parsed(after - before))
    depth = min(depth for depth in (old_depth, new_depth) if depth is not None)
    return compare(_folded(_parsed(old_rows), depth), _folded(_parsed(new_rows), depth))


def compare(old: Manifest, new: Manifest) -> tuple[Difference, ...]:
    """What changed; a directory that came or went with its files is not named itself."""
    both = sorted(path for path in new if path in old and old[path] != new[path])
    added, removed = _innermost(new.keys() - old.keys()), _innermost(old.keys() - new.keys())
    renamed = _renamed(old, new, added, removed)
    found = [
        Difference("renamed", tuple(renamed.values()), _renaming(renamed)),
        Difference("changed", tuple(p for p in both if _is_other(old[p], new[p]))),
        Difference("removed", tuple(p for p in removed if p not in renamed)),
        Difference("added", tuple(p for p in added if p not in renamed.values())),
        Difference("changed owner", tuple(p for p in both if old[p].owner != new[p].owner)),
        Difference("changed mode", tuple(p for p in both if _has_other_mode(old[p], new[p]))),
    ]
    return tuple(_detailed(one, old, new) for one in found if one.paths)


def _is_other(old: Facts, new: Facts) -> bool:
    return old.content != new.content or _type(old) != _type(new)


def _has_other_mode(old: Facts, new: Facts) -> bool:
    return _type(old) == _type(new) and old.mode != new.mode


def _innermost(paths: Iterable[str]) -> list[str]:
    above = {posixpath.dirname(path) for path in paths}
    return sorted(path for path in paths if path not in above)


def _renamed(
    old: Manifest, new: Manifest, added: Sequence[str], removed: Sequence[str]
) -> Mapping[str, str]:
    """Old name -> new name, where the content is the same and only one candidate has it."""
    places: dict[Facts, list[str]] = {}
    for path in added:
        places.setdefault(new[path], []).append(path)
    renamed = {}
    for path in removed:
        candidates = places.get(old[path], [])
        if len(candidates) == 1 and old[path].content:
            renamed[path] = candidates.pop()
    return renamed


def _renaming(renamed: Mapping[str, str]) -> str:
    return next((f"renamed from {old}" for old in renamed), "")


def _detailed(one: Difference, old: Manifest, new: Manifest) -> Difference:
    path = one.paths[0]
    if len(one.paths) > 1 or path not in old or path not in new:
        return one
    before, after = old[path], new[path]
    if _type(before) != _type(after):
        return Difference(one.verb, one.paths, f"changed from {_type(before)} to {_type(after)}")
    if one.verb == "changed mode":
        modes = (f"{stat_bits.S_IMODE(facts.mode):04o}" for facts in (before, after))
        return Difference(one.verb, one.paths, "changed mode from {} to {}".format(*modes))
    if one.verb == "changed owner":
        detail = f"changed owner from {before.owner} to {after.owner}"
        return Difference(one.verb, one.paths, detail)
    if stat_bits.S_ISLNK(after.mode):
        detail = f"now links to {after.content}, not {before.content}"
        return Difference(one.verb, one.paths, detail)
    return one


def _type(facts: Facts) -> str:
    return _TYPES.get(stat_bits.S_IFMT(facts.mode), "a special file")
