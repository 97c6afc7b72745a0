"""Owns which files a source of COPY or ADD means: the named path, or every match of its pattern.

It exists so that a source is walked once: the key, the copy and the check for changes all use the same listing, and
a layer can't hold other files than its key names. It refuses to read content and to know destinations.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.ignore import make_matcher
from lithify.cache.wildcard import match
from lithify.errors import BuildError
from lithify.executor.tree import Stat, Tree, clean, resolve
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ignore import IgnoreMatcher

_PIVOT = "/./"
#: An escaped character is none, as the reference sees it.
_WILDCARD = re.compile(r"(?:\\.|[^\\*?\[])*[*?\[]", re.DOTALL)


class Node(NamedTuple):
    """An object to copy: its path relative to the match ('' is the match itself)."""

    path: str
    stat: Stat


@dataclass(frozen=True, slots=True)
class Match:
    """One named source or match of a pattern: where it is, what it is called, everything in it.

    `nodes` has a directory before what is in it, in no further order."""

    path: str
    name: str
    nodes: tuple[Node, ...]

    @property
    def is_directory(self) -> bool:
        return self.nodes[0].stat.is_directory

    def path_of(self, node: Node) -> str:
        """The node's path in the tree."""
        if not self.path or not node.path:
            return self.path or node.path
        return f"{self.path}/{node.path}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The matches of one source in the order in which they are copied."""

    tree: Tree
    matches: tuple[Match, ...]


def select(
    tree: Tree, path: str, *, exclude: tuple[str, ...] = (), parents: bool = False
) -> Selection:
    """The files that a source means (reference semantics, COPY and ADD: source resolution).

    `path` is absolute and may be a pattern; with `parents` it may hold the pivot `/./`. Raises BuildError when a
    path without wildcards does not exist, or a directory can't be read."""
    excluded = make_matcher(exclude) if exclude else None
    if parents:
        return Selection(tree, tuple(_select_parents(tree, path, excluded)))
    if not has_wildcard(path):
        found = [_named(tree, clean(path))]
    else:
        found = [_named(tree, one) for one in _expand(tree, clean(path))]
    rules = _Rules(excluded)
    return Selection(
        tree,
        tuple(Match(at, name, tuple(_walk(tree, at, stat, rules))) for at, name, stat in found),
    )


def has_wildcard(path: str) -> bool:
    return _WILDCARD.match(path) is not None


def _named(tree: Tree, path: str) -> tuple[str, str, Stat]:
    """Where a named path leads, its own base name, and what is there."""
    target = resolve(path, tree.readlink)
    stat = tree.lstat(target)
    if stat is None:
        raise _not_found(tree, path)
    return target, posixpath.basename(path), stat


def _not_found(tree: Tree, path: str) -> BuildError:
    return BuildError(f'cannot copy "/{path}": "/{path}": not found', hint=tree.why_absent(path))


def _expand(tree: Tree, pattern: str) -> list[str]:
    """Paths that match, in the order of a walk; a link in the part without wildcards is followed."""
    parts = pattern.split("/")
    first = next(at for at, part in enumerate(parts) if has_wildcard(part))
    start = resolve("/".join(parts[:first]), tree.readlink)
    found = [start] if _is_directory(tree, start) else []
    for number, part in enumerate(parts[first:], first + 1):
        last = number == len(parts)
        found = [
            posixpath.join(directory, name)
            for directory in found
            for name, stat in tree.scan(directory)
            if (last or stat.is_directory) and match(part, name)
        ]
    return found


def _is_directory(tree: Tree, path: str) -> bool:
    stat = tree.lstat(path)
    return stat is not None and stat.is_directory


# -- COPY --parents -------------------------------------------------------------------------------


def _select_parents(tree: Tree, path: str, excluded: IgnoreMatcher | None) -> Iterator[Match]:
    base, pivot, wanted = path.partition(_PIVOT)
    if not pivot:
        base, wanted = "", path
    base, wanted = clean(base), clean(wanted)
    if not has_wildcard(base) and not has_wildcard(wanted):
        _named(tree, posixpath.join(base, wanted))
    bases = _expand(tree, base) if has_wildcard(base) else [base]
    rules = _Rules(excluded, wanted)
    for one in bases:
        at = resolve(one, tree.readlink)
        stat = tree.lstat(at)
        if stat is not None and stat.is_directory:
            yield Match(at, "", tuple(_walk(tree, at, stat, rules)))


class _Rules:
    """What of a walked directory is wanted, by paths relative to it."""

    def __init__(self, excluded: IgnoreMatcher | None, wanted: str | None = None) -> None:
        self._excluded = excluded
        self._included = None if wanted is None else make_matcher((wanted,)) if wanted else None
        literal = (wanted or "").split("/")
        first = next((at for at, part in enumerate(literal) if has_wildcard(part)), len(literal))
        self._literal = literal[:first] if wanted else []

    @property
    def takes_all(self) -> bool:
        return self._excluded is None and self._included is None

    def wants(self, path: str) -> bool:
        if self._included is not None and not self._included.is_ignored(path):
            return False
        return self._excluded is None or not self._excluded.is_ignored(path)

    def enters(self, directory: str) -> bool:
        """Whether something wanted may be in a directory that exists."""
        parts = directory.split("/")
        length = min(len(parts), len(self._literal))
        if parts[:length] != self._literal[:length]:
            return False
        if self._excluded is None or not self._excluded.is_ignored(directory):
            return True
        return not self._excluded.can_prune(directory)


def _walk(tree: Tree, root: str, stat: Stat, rules: _Rules) -> list[Node]:
    """The object at `root` and everything wanted in it; a directory that is not itself wanted comes along as
    soon as something inside is."""
    nodes = [Node("", stat)]
    todo = [""] if stat.is_directory else []
    passed: dict[str, Stat] = {}
    while todo:
        directory = todo.pop()
        prefix = f"{directory}/" if directory else ""
        for name, child in tree.scan(posixpath.join(root, directory) if directory else root):
            path = prefix + name
            is_directory = child.is_directory
            if rules.takes_all or rules.wants(path):
                if passed:
                    _take_parents(directory, passed, nodes)
                nodes.append(Node(path, child))
            elif is_directory:
                passed[path] = child
            if is_directory and (rules.takes_all or rules.enters(path)):
                todo.append(path)
    return nodes


def _take_parents(directory: str, passed: dict[str, Stat], nodes: list[Node]) -> None:
    chain = []
    while directory in passed:
        chain.append(Node(directory, passed.pop(directory)))
        directory = posixpath.dirname(directory)
    nodes.extend(reversed(chain))
