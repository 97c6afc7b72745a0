"""Owns what a build sees of its context: which files there are, which the ignore file hides, what a source means.

The listing is sorted out once for all rules, because a context may hold very many files. It refuses guesses: without a
whole listing nothing is known.
"""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.wildcard import BadPattern, has_meta, match
from lithify.compiler.lint.once import once
from lithify.compiler.lint.world import UNENTERED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ignore import Hits, IgnoreMatcher
    from lithify.compiler.lint.context import LintContext


class Visible(NamedTuple):
    """A context after its ignore file: files and directories, all sorted; `hidden` are ignored files."""

    files: tuple[str, ...]
    directories: frozenset[str]
    hidden: frozenset[str]

    def has(self, path: str) -> bool:
        """Whether a path is there, or may be: what is below a symlink, or not listed, is not known."""
        if not path or path in self.directories or self.is_file(path):
            return True
        above = _above(path)
        return any(self.is_file(one) or posixpath.basename(one) in UNENTERED for one in above)

    def is_file(self, path: str) -> bool:
        at = bisect_left(self.files, path)
        return at < len(self.files) and self.files[at] == path

    def below(self, path: str) -> tuple[str, ...]:
        """All files that copying a path brings: itself, or what is in the directory."""
        if not path:
            return self.files
        if self.is_file(path):
            return (path,)
        start = bisect_left(self.files, f"{path}/")
        return self.files[start : bisect_left(self.files, f"{path}0", start)]

    def matches(self, source: str) -> tuple[str, ...]:
        """The files and directories that a source means; none if it is not there or no pattern."""
        path = clean(source)
        if not has_meta(path):
            return (path,) if self.has(path) else ()
        try:
            return tuple(
                sorted(one for one in (*self.files, *self.directories) if match(path, one))
            )
        except BadPattern:
            return ()


def clean(source: str) -> str:
    """A source as a path of the context: '' is the whole of it; `..` never leads out."""
    return posixpath.normpath(f"/{source}").lstrip("/")


@once(keeping=1)
def visible(ctx: LintContext) -> Visible | None:
    """The context as the build sees it; None if nothing is known of it."""
    paths = ctx.world.context.paths() if ctx.world.context is not None else None
    return None if paths is None else _sort_out(paths, ctx.find_ignore())


# Dockerfiles often lie side by side in one context.
@lru_cache(maxsize=1)
def _sort_out(paths: tuple[str, ...], ignore: IgnoreMatcher | None) -> Visible:
    if ignore is None:
        shown, hidden = paths, frozenset[str]()
    else:
        hidden = frozenset(_ignored(paths, ignore))
        shown = tuple(one for one in paths if one not in hidden)
    listed = tuple(sorted(one for one in shown if not one.endswith("/")))
    directories = {one.rstrip("/") for one in shown if one.endswith("/")}
    for one in listed:
        directories.update(_above(one))
    return Visible(
        listed, frozenset(directories), frozenset(one for one in hidden if not one.endswith("/"))
    )


def _ignored(paths: tuple[str, ...], ignore: IgnoreMatcher) -> Iterator[str]:
    """The paths that are taken away; what hits a directory is found out once for all that is in it."""
    known: dict[str, Hits] = {}

    def hits(path: str) -> Hits:
        if path not in known:
            parent = posixpath.dirname(path)
            known[path] = ignore.hits(path, hits(parent) if parent else ())
        return known[path]

    for one in paths:
        path = one.rstrip("/")
        parent = posixpath.dirname(path)
        if ignore.is_taken(ignore.hits(path, hits(parent) if parent else ())):
            yield one


def _above(path: str) -> list[str]:
    """The directories a path lies in, but not the root."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
