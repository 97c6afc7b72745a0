"""Owns the question which files of a context make which steps rerun, and how many files are told of in few words.

Files that the same steps look at are one group, named by what they have in common. It refuses to list contexts without
end; beyond a bound, the groups are of the files seen so far, and a note says so.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.wildcard import has_meta, match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.compiler.analysis.uses import Use
    from lithify.executor.context import Context

MOST_FILES = 100_000
_MOST_EXAMPLES = 3


class Group(NamedTuple):
    """Files of one context that the same steps look at. `steps` are from 0."""

    label: str
    detail: str
    steps: tuple[int, ...]


class Listing(NamedTuple):
    """The files of a context that are not ignored, sorted, and whether there are more than were listed."""

    paths: tuple[str, ...]
    is_cut: bool


def list_files(context: Context) -> Listing:
    """Everything in a context that is no directory. Raises BuildError."""
    found: list[str] = []
    todo = [""]
    while todo:
        folder = todo.pop()
        for name, stat in context.scan(folder):
            path = f"{folder}/{name}" if folder else name
            if stat.is_directory:
                todo.append(path)
            else:
                found.append(path)
        if len(found) > MOST_FILES:
            return Listing(tuple(sorted(found[:MOST_FILES])), True)
    return Listing(tuple(sorted(found)), False)


def groups_of(context: str, paths: Sequence[str], uses: Sequence[Use]) -> Iterator[Group]:
    """The files of a context by the steps that look at them; those that none looks at are left out."""
    own = [use for use in uses if use.context == context]
    groups: dict[tuple[int, ...], list[str]] = {}
    for path in paths:
        steps = tuple(dict.fromkeys(use.step for use in own if use.touches(path)))
        if steps:
            groups.setdefault(steps, []).append(path)
    for steps, members in groups.items():
        label = common_pattern(members)
        alike = sum(matches(label, path) for path in paths)
        count = f"{len(members)} files"
        if alike > len(members):
            count = f"{len(members)} of {alike} files"
        examples = ", ".join(members[:_MOST_EXAMPLES])
        more = ", …" if len(members) > _MOST_EXAMPLES else ""
        prefix = f"{context}:" if context else ""
        detail = "" if members == [label] else f"{count}: {examples}{more}"
        yield Group(prefix + label, detail, steps)


def common_pattern(paths: Sequence[str]) -> str:
    """The narrowest simple pattern that all paths match: a path, `dir/*.py`, `dir/**/*.py`, `dir/**` or `**`."""
    if len(paths) == 1:
        return paths[0]
    folders = {posixpath.dirname(path) for path in paths}
    endings = {posixpath.splitext(path)[1] for path in paths}
    above = posixpath.commonpath(folders) if "" not in folders else ""
    ending = next(iter(endings)) if len(endings) == 1 else ""
    name = f"*{ending}" if ending or len(folders) == 1 else ""
    middle = "" if len(folders) == 1 else "**"
    return "/".join(part for part in (above, middle, name) if part)


def matches(pattern: str, path: str) -> bool:
    """Whether a path matches a pattern as `common_pattern` makes them, or as COPY knows them."""
    if pattern == path:
        return True
    above, star, rest = pattern.partition("**")
    if star:
        if not path.startswith(above):
            return False
        name = rest.lstrip("/")
        return not name or match(name, posixpath.basename(path))
    return has_meta(pattern) and match(pattern, path)
