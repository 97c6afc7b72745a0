"""Owns the comments by which a file objects to rules, in all the languages people write them in.

`# hadolint ignore=A,B`, `stage ignore=`, `global ignore=`; `# check=skip=A` above an instruction and at the top;
`# lithify: ignore[A] reason`, `ignore-stage[A]`, `ignore-file[A]`; `# tally ignore=A;reason=...`. A comment is about the
instruction it stands above, other comments and blank lines between, or the one it stands in (where hadolint's own
do nothing); the profile of hadolint keeps to the line directly above, and to comments that name nothing but rules. It
refuses to decide what is found.

Specification: sections 1.3, 6.2 and 6.3.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.names import is_known, plain
from lithify.compiler.lint.pragma import file_settings, parse_settings
from lithify.compiler.lint.rule import Profile
from lithify.errors import SourceError, Span
from lithify.grammar.ast import From

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lithify.compiler.plan import BuildOptions
    from lithify.grammar.ast import Comment, Dockerfile, Instruction

_HADOLINT = re.compile(r"hadolint\s+(?:(stage|global)\s+)?ignore\s*=\s*(.*)", re.DOTALL)
_EXACT = re.compile(r"(?:(?:DL|SC)\d+)(?:\s*,\s*(?:DL|SC)\d+)*\s*(?:#.*)?")
_OWN = re.compile(r"lithify:\s*ignore(?:-(stage|file))?\s*\[([^\]]*)\]\s*(.*)", re.DOTALL)
_TALLY = re.compile(r"tally\s+(?:(global)\s+)?ignore\s*=\s*([^;]*)(?:;\s*reason\s*=\s*(.*))?")
_CHECK = re.compile(r"check\s*=\s*((?:skip|experimental)\s*=.*)")
_NAME = re.compile(r"[^\s,#]+")


class Ignore(NamedTuple):
    """Rules that are silent from one offset of the file to another, as a comment demands.

    `names` are plain, each with its place; `tool` is whose language the comment speaks."""

    names: tuple[tuple[str, Span], ...]
    start: int
    end: int
    comment: Span
    tool: str
    reason: str = ""

    def covers(self, offset: int) -> bool:
        return self.start <= offset < self.end


class Objections(NamedTuple):
    """All that a file says about rules.

    `wanted` are experimental rules that it asks for; `is_strict`: findings of checks are errors; `errors` are
    directives that cannot be read."""

    ignores: tuple[Ignore, ...] = ()
    wanted: tuple[Ignore, ...] = ()
    is_strict: bool = False
    errors: tuple[SourceError, ...] = ()

    def unknown(self, others: frozenset[str]) -> Iterator[tuple[str, Span]]:
        """Names, as written, in comments for hadolint and for us, that no rule has, `others` among them."""
        for ignore in self.ignores:
            if ignore.tool not in ("hadolint", "lithify"):
                continue
            for name, span in ignore.names:
                if name not in others and not is_known(name):
                    yield span.text, span


class Nearby:
    """Ignores by where they hold, so that a file with thousands of them takes no quadratic time."""

    _CELL = 2048
    _MOST_CELLS = 8

    def __init__(self, ignores: Iterable[Ignore]) -> None:
        self._wide: list[Ignore] = []
        self._cells: dict[int, list[Ignore]] = {}
        for one in ignores:
            cells = range(one.start // self._CELL, max(one.start, one.end - 1) // self._CELL + 1)
            if len(cells) > self._MOST_CELLS:
                self._wide.append(one)
            else:
                for cell in cells:
                    self._cells.setdefault(cell, []).append(one)

    def at(self, offset: int) -> Iterator[Ignore]:
        """Those that hold at an offset."""
        for one in (*self._wide, *self._cells.get(offset // self._CELL, ())):
            if one.covers(offset):
                yield one


def read_objections(dockerfile: Dockerfile, profile: Profile, options: BuildOptions) -> Objections:
    """Everything that comments and directives of a file say about rules; never raises."""
    reading = _Reading(dockerfile, profile)
    if profile is not Profile.HADOLINT:
        reading.directive(options)
    for comment in dockerfile.comments:
        reading.comment(comment)
    return Objections(
        tuple(reading.ignores), tuple(reading.wanted), reading.is_strict, tuple(reading.errors)
    )


class _Reading:
    """The objections found so far."""

    def __init__(self, dockerfile: Dockerfile, profile: Profile) -> None:
        self._file = dockerfile
        self._profile = profile
        self._whole = len(dockerfile.source.text) + 1
        self._starts = [one.span.start for one in dockerfile.instructions]
        self.ignores: list[Ignore] = []
        self.wanted: list[Ignore] = []
        self.is_strict = False
        self.errors: list[SourceError] = []

    def directive(self, options: BuildOptions) -> None:
        """`# check=` at the top, or the build argument that takes its place."""
        try:
            settings = file_settings(self._file, options)
        except SourceError as error:
            self.errors.append(error)
            return
        span = Span(self._file.source, 0, 0)
        self.is_strict = settings.is_error
        self._add_named(self.ignores, settings.skip, (0, self._whole), span, "check")
        self._add_named(self.wanted, settings.experimental, (0, self._whole), span, "check")

    def comment(self, comment: Comment) -> None:
        """One comment, if it is about rules."""
        text = comment.text
        if "ignore" in text:
            if match := _OWN.match(text):
                self._own(comment, match)
            elif match := _HADOLINT.match(text):
                self._hadolint(comment, match)
            elif match := _TALLY.match(text):
                self._tally(comment, match)
        elif "check" in text and (match := _CHECK.match(text)):
            self._check(comment, match)

    def _own(self, comment: Comment, match: re.Match[str]) -> None:
        where, names = match[1] or "", self._names(comment, match, 2)
        self._add(self._extent(comment, where), names, comment, "lithify", match[3].strip())

    def _hadolint(self, comment: Comment, match: re.Match[str]) -> None:
        if self._profile is Profile.BUILDKIT:
            return
        where = {"stage": "stage", "global": "file"}.get(match[1] or "", "")
        if self._profile is Profile.HADOLINT:
            if not _EXACT.fullmatch(match[2]):
                return
            extent = self._exact_extent(comment, where)
        else:
            extent = None if self._is_inside(comment) else self._extent(comment, where)
        names = self._names(comment, match, 2)
        reason = match[2].partition("#")[2].strip()
        self._add(extent, names, comment, "hadolint", reason)

    def _tally(self, comment: Comment, match: re.Match[str]) -> None:
        if self._profile is Profile.DEFAULT:
            extent = self._extent(comment, "file" if match[1] else "")
            names = self._names(comment, match, 2)
            self._add(extent, names, comment, "tally", (match[3] or "").strip())

    def _check(self, comment: Comment, match: re.Match[str]) -> None:
        if self._profile is Profile.HADOLINT or (extent := self._extent(comment, "")) is None:
            return
        try:
            settings = parse_settings(match[1].split(" ", 1)[0])
        except SourceError:
            return
        self._add_named(self.ignores, settings.skip, extent, comment.span, "check")
        self._add_named(self.wanted, settings.experimental, extent, comment.span, "check")

    def _add_named(
        self,
        where: list[Ignore],
        names: Iterable[str],
        extent: tuple[int, int],
        span: Span,
        tool: str,
    ) -> None:
        placed = tuple((plain(name), span) for name in sorted(names))
        if placed:
            where.append(Ignore(placed, *extent, span, tool))

    def _add(
        self,
        extent: tuple[int, int] | None,
        names: tuple[tuple[str, Span], ...],
        comment: Comment,
        tool: str,
        reason: str,
    ) -> None:
        if extent is not None and names:
            self.ignores.append(Ignore(names, *extent, comment.span, tool, reason))

    def _names(
        self, comment: Comment, match: re.Match[str], group: int
    ) -> tuple[tuple[str, Span], ...]:
        """Names separated by commas; what follows a blank without a comma is a reason."""
        text = match[group]
        offset = comment.span.start + comment.span.text.index(comment.text) + match.start(group)
        source = comment.span.source
        found: list[tuple[str, Span]] = []
        at = len(text) - len(text.lstrip())
        while name := _NAME.match(text, at):
            span = Span(source, offset + name.start(), offset + name.end())
            found.append((plain(name[0]), span))
            rest = text[name.end() :].lstrip()
            if not rest.startswith(","):
                break
            at = len(text) - len(rest[1:].lstrip())
        return tuple(found)

    def _extent(self, comment: Comment, where: str) -> tuple[int, int] | None:
        """What a comment is about; None if nothing."""
        if where == "file":
            return 0, self._whole
        instruction = self._about(comment)
        if instruction is None:
            return None
        if where == "stage":
            return self._stage_from(instruction)
        return instruction.span.start, instruction.span.end

    def _exact_extent(self, comment: Comment, where: str) -> tuple[int, int] | None:
        """As hadolint sees it: only the line below, and a stage without its FROM."""
        if where == "file":
            return 0, self._whole
        instruction = self._after(comment)
        if instruction is None or instruction.span.line != comment.span.line + 1:
            return None
        if where == "stage":
            extent = self._stage_from(instruction)
            return extent and (instruction.span.end, extent[1])
        return instruction.span.start, instruction.span.end

    def _stage_from(self, instruction: Instruction) -> tuple[int, int] | None:
        if not isinstance(instruction, From):
            return None
        start = instruction.span.start
        later = (one.span.start for one in self._file.instructions if isinstance(one, From))
        return start, next((one for one in later if one > start), self._whole)

    def _about(self, comment: Comment) -> Instruction | None:
        """The instruction a comment stands in, or above: nothing but comments and blank lines between."""
        if self._is_inside(comment):
            return self._file.instructions[bisect_right(self._starts, comment.span.start) - 1]
        found = self._after(comment)
        if found is None:
            return None
        between = self._file.source.text[comment.span.end : found.span.start].split("\n")
        is_near = all(not line.strip() or line.lstrip().startswith("#") for line in between)
        return found if is_near else None

    def _is_inside(self, comment: Comment) -> bool:
        """Whether a comment stands between lines of an instruction."""
        index = bisect_right(self._starts, comment.span.start) - 1
        return index >= 0 and comment.span.start < self._file.instructions[index].span.end

    def _after(self, comment: Comment) -> Instruction | None:
        index = bisect_right(self._starts, comment.span.start)
        return self._file.instructions[index] if index < len(self._starts) else None
