"""Owns what COPY and ADD bring: their sources one by one, and the paths of the image that come of them.

It answers only what is certain: an archive that is unpacked, a pattern of another stage or an unknown working directory
makes the answer None. It refuses content.

Specification: sections 3.3 to 3.5.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.wildcard import has_meta
from lithify.compiler.lint.insight.files import clean, visible
from lithify.compiler.lower.remote import is_git, is_url
from lithify.compiler.paths import has_trailing_slash
from lithify.grammar.ast import Add, Copy, CopyLike
from lithify.grammar.heredoc import parse_heredoc_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.insight.files import Visible
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.survey import Line
    from lithify.grammar.ast import Word

_ARCHIVES = (".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".tzst", ".lzma", ".Z")


class Source(NamedTuple):
    """A source as written, with its variables replaced; `heredoc` is the name of one written in place."""

    word: Word
    value: str
    heredoc: str = ""

    @property
    def is_remote(self) -> bool:
        return not self.heredoc and (is_url(self.value) or is_git(self.value))


def sources(line: Line) -> Iterator[Source]:
    """All sources of a COPY or ADD; none of another instruction."""
    instruction = line.instruction
    if not isinstance(instruction, CopyLike):
        return
    heredocs = {heredoc.name for heredoc in instruction.heredocs}
    for word in instruction.sources:
        opened = parse_heredoc_word(word.text) if heredocs and not instruction.json else None
        is_inline = opened is not None and opened.name in heredocs
        yield Source(word, line.value(word.text), opened.name if is_inline and opened else "")


def context_sources(line: Line) -> list[Source]:
    """The sources that are paths of the build context."""
    if not isinstance(line.instruction, CopyLike) or line.instruction.flag("from") is not None:
        return []
    return [one for one in sources(line) if not one.heredoc and not one.is_remote]


def stage_sources(line: Line) -> Iterator[Source]:
    """The sources of `COPY --from`."""
    flag = line.instruction.flag("from")
    if isinstance(line.instruction, Copy) and flag is not None and flag.value:
        yield from (one for one in sources(line) if not one.heredoc)


def destination(place: Place) -> str | None:
    """Where a COPY or ADD brings its sources, with a slash at the end if that says it is a directory."""
    instruction = place.instruction
    assert isinstance(instruction, CopyLike)
    written = place.line.value(instruction.destination.text)
    path = place.absolute(written)
    if path is None or path == "/":
        return path
    return f"{path}/" if has_trailing_slash(written) else path


def tops(place: Place, ctx: LintContext) -> frozenset[str] | None:
    """The topmost paths that a COPY or ADD writes, a directory's content being one; None if they are not known."""
    found = _paths(place, ctx, is_whole=False)
    return None if found is None else frozenset(found)


def brought(place: Place, ctx: LintContext) -> frozenset[str] | None:
    """The paths of all files that a COPY or ADD writes; None if they are not known."""
    found = _paths(place, ctx, is_whole=True)
    return None if found is None else frozenset(found)


def originals(place: Place, ctx: LintContext) -> dict[str, str] | None:
    """For each file that a COPY or ADD writes its path in the context, '' for one from elsewhere; None if not known."""
    return _paths(place, ctx, is_whole=True)


def _paths(place: Place, ctx: LintContext, *, is_whole: bool) -> dict[str, str] | None:
    instruction, target = place.instruction, destination(place)
    if target is None or instruction.flag("parents") or instruction.flag("exclude"):
        return None
    seen = visible(ctx) if instruction.flag("from") is None else None
    found: dict[str, str] = {}
    for source in sources(place.line):
        paths = _of_source(source, target, place, seen, is_whole)
        if paths is None:
            return None
        found.update(paths)
    return found


def _of_source(
    source: Source, target: str, place: Place, seen: Visible | None, is_whole: bool
) -> dict[str, str] | None:
    if source.heredoc:
        return {_file_at(source.heredoc, target): ""}
    is_add = isinstance(place.instruction, Add)
    if is_git(source.value) or (is_add and source.value.endswith(_ARCHIVES)):
        return None
    if is_url(source.value):
        name = posixpath.basename(source.value.partition("?")[0])
        return {_file_at(name, target): ""} if name or not target.endswith("/") else None
    matches = seen.matches(source.value) if seen is not None else ()
    if seen is None or not matches:
        unseen = None if is_whole or has_meta(source.value) else _unseen(source, target)
        return None if unseen is None else dict.fromkeys(unseen, "")
    found: dict[str, str] = {}
    for path in matches:
        if seen.is_file(path):
            found[_file_at(posixpath.basename(path), target)] = path
        elif is_whole:
            found.update((_join(target, one[len(path) :]), one) for one in seen.below(path))
        else:
            found[target.rstrip("/") or "/"] = path
    return found or None


def _unseen(source: Source, target: str) -> list[str] | None:
    """The top of one source that may be a file or a directory: sure only where both give the same path."""
    name = posixpath.basename(clean(source.value))
    if not target.endswith("/") or not name:
        return [target.rstrip("/") or "/"]
    return [_join(target, name)] if "." in name[1:] else None


def _file_at(name: str, target: str) -> str:
    return _join(target, name) if target.endswith("/") else target


def _join(target: str, path: str) -> str:
    return f"{target.rstrip('/')}/{path.lstrip('/')}"


def is_below(path: str, top: str) -> bool:
    """Whether a path is another one or lies in it."""
    return path == top or path.startswith(f"{top.rstrip('/')}/")
