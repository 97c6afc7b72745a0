"""Owns ignore files: reading `.dockerignore` and deciding which paths its patterns take away.

The same matcher serves `--exclude` of COPY and ADD. Patterns are compiled to equality, prefix, suffix or a regular
expression as the reference does, because its choice shows in corner cases. It refuses to read files or to walk.

Specification: section 8.2.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Literal

from lithify.cache.wildcard import (
    ANYTHING,
    GAP,
    ONE,
    STAR,
    BadPattern,
    check_pattern,
    class_expression,
    expression,
)
from lithify.errors import LithifyError
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_Kind = Literal["equal", "prefix", "suffix", "regex"]
#: For each pattern of a matcher, whether it hits a path or a directory above it.
Hits = tuple[bool, ...]


class IgnoreError(LithifyError):
    """An ignore file or exclude pattern that cannot be read."""


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One pattern: `text` is cleaned and without `!`."""

    text: str
    is_negative: bool
    kind: _Kind
    regex: re.Pattern[str] | None = None

    def matches(self, path: str) -> bool:
        """Whether it matches this very path, parents apart."""
        match self.kind:
            case "equal":
                return path == self.text
            case "prefix":
                return path.startswith(self.text[:-2])
            case "suffix":
                tail = self.text[2:]
                return path.endswith(tail) or (tail.startswith("/") and path == tail[1:])
            case "regex":
                return self.regex is not None and self.regex.match(path) is not None


@dataclass(frozen=True, slots=True)
class IgnoreMatcher:
    """Patterns in order; the last one that has an effect decides."""

    patterns: tuple[IgnorePattern, ...] = ()

    @property
    def has_negatives(self) -> bool:
        return any(pattern.is_negative for pattern in self.patterns)

    def is_ignored(self, path: str) -> bool:
        """Whether a path, relative and without a leading slash, is taken away.

        A pattern hits a path if it matches it or any directory above it."""
        hits: Hits = ()
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            hits = self.hits("/".join(parts[:count]), hits)
        return self.is_taken(hits)

    def hits(self, path: str, above: Hits = ()) -> Hits:
        """Which patterns hit a path, given which hit the directory it lies in.

        A walk that hands down these values asks each pattern about each path only once."""
        if not above:
            return tuple(pattern.matches(path) for pattern in self.patterns)
        pairs = zip(self.patterns, above, strict=True)
        return tuple(hit or pattern.matches(path) for pattern, hit in pairs)

    def is_taken(self, hits: Hits) -> bool:
        """Whether a path with these hits is taken away: the last effective pattern decides."""
        is_taken = False
        for pattern, hit in zip(self.patterns, hits, strict=True):
            if hit:
                is_taken = not pattern.is_negative
        return is_taken

    def can_prune(self, directory: str) -> bool:
        """Whether nothing below a directory can come back, so that it need not be entered."""
        return not self.has_negatives and self.is_ignored(directory)


def parse_ignore_file(text: str, name: str = ".dockerignore") -> IgnoreMatcher:
    """The matcher of an ignore file. Raises IgnoreError that names the line."""
    patterns: list[IgnorePattern] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.startswith("#"):
            continue
        try:
            patterns += _read_pattern(line)
        except IgnoreError as error:
            raise IgnoreError(f"{name}:{number}: {error.message}", hint=error.hint) from error
    return IgnoreMatcher(tuple(patterns))


def make_matcher(patterns: Iterable[str]) -> IgnoreMatcher:
    """The matcher of `--exclude` patterns. Raises IgnoreError."""
    return IgnoreMatcher(tuple(one for text in patterns for one in _read_pattern(text)))


def _read_pattern(line: str) -> list[IgnorePattern]:
    """The pattern of a line: none if it is blank."""
    text = line.strip()
    if not text:
        return []
    is_negative = text.startswith("!")
    if is_negative:
        text = text[1:].strip()
        if not text:
            raise IgnoreError('illegal exclusion pattern: "!"', hint="write a path behind the !")
    text = posixpath.normpath(text)
    while len(text) > 1 and text.startswith("/"):
        text = text[1:]
    try:
        check_pattern(text)
    except BadPattern as error:
        hint = "close the [ or escape it with a backslash"
        raise IgnoreError(error.message, hint=hint) from error
    return [_compile(text, is_negative)]


def _compile(text: str, is_negative: bool) -> IgnorePattern:
    kind, regular = _translate(text)
    regex = re.compile(regular) if kind == "regex" else None
    return IgnorePattern(text, is_negative, kind, regex)


def _translate(text: str) -> tuple[_Kind, str]:
    """How a pattern is matched; the kind is settled by what is met while scanning."""
    kind: _Kind = "equal"
    parts: list[str] = []
    at = 0
    while at < len(text):
        is_first = at == 0
        if text.startswith("**", at):
            at += 3 if text.startswith("**/", at) else 2
            is_last = at == len(text)
            parts.append(ANYTHING if is_last else GAP)
            kind = "prefix" if is_last and kind == "equal" else "regex"
            kind = "suffix" if is_first else kind
        elif text[at] in "*?[]\\":
            piece, at = _special(text, at)
            parts.append(piece)
            kind = "regex"
        else:
            parts.append(re.escape(text[at]))
            at += 1
    return kind, expression([*parts, "\\Z"])


def _special(text: str, at: int) -> tuple[str, int]:
    """The expression of one special character, and where the next one starts."""
    match text[at]:
        case "*":
            return STAR, at + 1
        case "?":
            return ONE, at + 1
        case "[":
            return class_expression(text, at + 1)
        case "]":
            return "\\]", at + 1
        case _:
            return re.escape(text[at + 1]), at + 2
