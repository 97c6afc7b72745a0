"""Owns which steps look at which files of a client's directory, and whether a path is among them.

It answers for paths that need not exist: what is asked is what an edit, a new file or a removed one would touch. It
refuses to read directories; where links lead is asked of the caller, and so is what an ignore file hides.

Specification: sections 3.3 and 3.4 (sources of COPY and ADD), 2.6 (bind mounts).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.ignore import make_matcher
from lithify.cache.wildcard import has_meta, match
from lithify.compiler.plan import BindMount, CacheMount, ContextTree, CopyOp, RunOp, TreeSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.plan import Plan

    #: (name of a context, path) -> the path that it leads to.
    FollowLinks = Callable[[str, str], str]

_PIVOT = "/./"


class Use(NamedTuple):
    """A step's look at a context ('' is the build context): what it wrote, and which paths that means.

    `path` is relative; `parts` are its names, which may be patterns. With `wanted` (COPY --parents) only what
    matches it below `path` is taken."""

    step: int
    context: str
    written: str
    path: str
    excluded: IgnoreMatcher | None = None
    wanted: IgnoreMatcher | None = None

    def touches(self, path: str) -> bool:
        """Whether a file at a path, relative to the context, is among what the step takes."""
        if not self.path:
            return self._takes(path)
        names, parts = path.split("/"), self.path.split("/")
        if len(names) < len(parts):
            return False
        pairs = zip(parts, names, strict=False)
        if not all(name == part or (has_meta(part) and match(part, name)) for part, name in pairs):
            return False
        return self._takes("/".join(names[len(parts) :]))

    def _takes(self, below: str) -> bool:
        """Whether a path below what was named is wanted; what was named itself ('') always is."""
        if self.wanted is not None and not (below and self.wanted.is_ignored(below)):
            return False
        return not (below and self.excluded is not None and self.excluded.is_ignored(below))


def context_uses(plan: Plan, follow: FollowLinks) -> tuple[Use, ...]:
    """Every look of a plan's steps at files of the client, in the order of the steps. Raises IgnoreError."""
    return tuple(_uses(plan, follow))


def _uses(plan: Plan, follow: FollowLinks) -> Iterator[Use]:
    for step in plan.steps:
        if isinstance(step.op, CopyOp):
            for source in step.op.sources:
                if isinstance(source, TreeSource) and isinstance(source.tree, ContextTree):
                    yield _copied(step.index, step.op, source, source.tree.name, follow)
        elif isinstance(step.op, RunOp):
            for mount in step.op.mounts:
                if not isinstance(mount, BindMount | CacheMount):
                    continue
                if isinstance(mount.tree, ContextTree):
                    name = mount.tree.name
                    path = follow(name, _clean(mount.source))
                    yield Use(step.index, name, f"--mount={mount.target}", path)


def _copied(step: int, op: CopyOp, source: TreeSource, name: str, follow: FollowLinks) -> Use:
    excluded = make_matcher(op.exclude) if op.exclude else None
    if not op.parents:
        path = _clean(source.path)
        path = path if has_meta(path) else follow(name, path)
        return Use(step, name, source.as_written, path, excluded)
    base, pivot, rest = source.path.partition(_PIVOT)
    base, wanted = (_clean(base), _clean(rest)) if pivot else ("", _clean(base))
    matcher = make_matcher((wanted,)) if wanted else None
    return Use(step, name, source.as_written, base, excluded, matcher)


def _clean(path: str) -> str:
    return posixpath.normpath(f"/{path}").lstrip("/")
