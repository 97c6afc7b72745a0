"""Owns the error tree, source spans and the one shape in which errors are shown.

It exists as the floor everyone stands on: every other module may import it, and it imports nothing of lithify.
It refuses to know where an error goes: printing and exit statuses belong to the doors.

    LithifyError
      UsageError                    wrong use of the command line (exit 2)
      SourceError(span)             a Dockerfile is wrong
        SourceErrors                several independent ones of one file
      BuildError(span)              a step could not be done
        StepFailed(exit_code, tail) a RUN ended with a non-zero status
      ContentError                  stored or received content is not what it should be
        NotFound, DigestMismatch, Corrupt
        LostBlob(digest)            a shared cache does not give the layer it promised
      ImageNotFound                 a base image or named image is nowhere to be found
      ConfigurationError            a configuration file is wrong
      RegistryError(status)         a registry refused or failed
        RegistryUnreachable         no answer: name, route, TLS, time
        Unauthorized, Forbidden, RegistryNotFound, RateLimited
        RegistryBlocked             the machine's configuration forbids it
      StoreError                    the store can't be used (disk full, permissions, damaged)
        StoreInUse                  others use it, so nothing can be removed now
      SandboxError                  isolation is impossible here
      Cancelled                     the user or a failed sibling stopped the work (exit 130)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from lithify.values import dataclass


class SourceText:
    """A named text with a line index; offsets count Unicode code points from 0."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        line = bisect_right(self._starts, max(0, min(offset, len(self.text))))
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and a column, both counted from 1; the line must be there."""
        return self._starts[line - 1] + column - 1

    def line(self, number: int) -> str:
        """The text of a line (from 1) without its terminator; empty beyond the end."""
        if not 1 <= number <= len(self._starts):
            return ""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of a source text; lines and columns are derived on demand."""

    source: SourceText
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """First line, from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """First column, from 1."""
        return self.source.position(self.start)[1]

    def narrowed(self, text: str) -> Span:
        """The first place of `text` as a word inside the span, or the span itself."""
        found = re.search(rf"(?<!\S){re.escape(text)}(?!\S)", self.text) if text else None
        if found is None:
            return self
        return Span(self.source, self.start + found.start(), self.start + found.end())

    @property
    def last_line(self) -> int:
        """Last line that holds a character of the span, from 1."""
        return self.source.position(max(self.start, self.end - 1))[0]


class LithifyError(Exception):
    """Root of all errors that users may see: a message, perhaps a place and what to do."""

    def __init__(self, message: str, *, span: Span | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint


class UsageError(LithifyError):
    """The command line was used wrongly."""


class SourceError(LithifyError):
    """A Dockerfile is wrong at a span; `suggestion` is the text of a "did you mean"."""

    def __init__(
        self, message: str, *, span: Span | None = None, hint: str = "", suggestion: str = ""
    ) -> None:
        if suggestion:
            message = f"{message} (did you mean {suggestion}?)"
        super().__init__(message, span=span, hint=hint)
        self.suggestion = suggestion


class SourceErrors(SourceError):
    """All independent errors of one file, in file order; never empty."""

    def __init__(self, errors: tuple[SourceError, ...]) -> None:
        super().__init__(errors[0].message, span=errors[0].span, hint=errors[0].hint)
        self.errors = errors


class BuildError(LithifyError):
    """A step could not be done."""


class StepFailed(BuildError):
    """A RUN's process ended with a non-zero status; `tail` holds its last lines of output."""

    def __init__(
        self, message: str, *, exit_code: int, tail: tuple[str, ...], span: Span | None = None
    ) -> None:
        super().__init__(message, span=span)
        self.exit_code = exit_code
        self.tail = tail


class ContentError(LithifyError):
    """Stored or received content is not what it should be."""


class NotFound(ContentError):
    """No content of that digest or name."""


class DigestMismatch(ContentError):
    """Bytes do not have the digest or size that was promised."""


class Corrupt(ContentError):
    """Content cannot be read as what it claims to be."""


class LostBlob(ContentError):
    """A shared cache knows a layer by name but does not give its bytes: the step that made it must run again."""

    def __init__(self, message: str, *, digest: str) -> None:
        super().__init__(message)
        self.digest = digest


class ImageNotFound(LithifyError):
    """An image reference leads nowhere; the hint says where was looked and what to do."""


class ConfigurationError(LithifyError):
    """A configuration file cannot be read or says what makes no sense; the message names the file."""


class RegistryError(LithifyError):
    """A registry refused or failed; `status` is that of HTTP, 0 if there was no answer.

    `pause_s` is how long it asked us to wait, None if it did not. Neither message nor hint ever holds
    credentials or the query of a URL."""

    pause_s: float | None = None

    def __init__(
        self, message: str, *, status: int = 0, span: Span | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, span=span, hint=hint)
        self.status = status


class RegistryUnreachable(RegistryError):
    """No usable answer: the name, the route, TLS, or a wait that took too long.

    `is_passing` tells whether trying again may help; `is_plain` that the other side speaks no TLS."""

    def __init__(
        self, message: str, *, hint: str = "", is_passing: bool = False, is_plain: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_passing = is_passing
        self.is_plain = is_plain


class Unauthorized(RegistryError):
    """The registry wants (other) credentials (401)."""


class Forbidden(RegistryError):
    """The credentials do not allow it (403)."""


class RegistryNotFound(RegistryError):
    """The registry has no such repository, tag or blob (404)."""


class RateLimited(RegistryError):
    """The registry has had enough of us for now (429)."""


class RegistryBlocked(RegistryError):
    """registries.conf blocks this registry."""


class StoreError(LithifyError):
    """The store cannot be used: disk full, permissions, damage."""


class StoreInUse(StoreError):
    """Others use the store, so nothing can be removed from it now."""


class SandboxError(LithifyError):
    """Isolation is impossible here; the hint names the missing privilege or feature."""


class Cancelled(LithifyError):
    """The work was stopped by the user or because a sibling failed."""


class Secret(str):
    """A value that must never be logged: its repr is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def render_error(error: LithifyError) -> str:
    """The one shape of an error: message, place, excerpt with a marker, what to do."""
    if isinstance(error, SourceErrors):
        return "\n".join(render_error(one) for one in error.errors)
    lines = [f"error: {error.message}"]
    if error.span is not None:
        lines += render_excerpt(error.span)
    if isinstance(error, StepFailed) and error.tail:
        lines += ["   = its last output:", *(f"   | {line}" for line in error.tail)]
    if error.hint:
        lines.append(f"   = help: {error.hint}")
    return "\n".join(lines)


def render_excerpt(span: Span, most_lines: int = 4) -> list[str]:
    """The place of a span and its lines, the offending part underlined."""
    first, last = span.line, span.last_line
    width = len(str(min(last, first + most_lines - 1)))
    pad = " " * width
    lines = [f" {pad}--> {span.source.name}:{first}:{span.column}", f" {pad} |"]
    for number in range(first, min(last, first + most_lines - 1) + 1):
        text = span.source.line(number)
        line_start = span.start if number == first else None
        begin = span.column - 1 if line_start is not None else len(text) - len(text.lstrip())
        end = span.source.position(span.end)[1] - 1 if number == last else len(text)
        shown = text.expandtabs(1)
        lines.append(f" {number:>{width}} | {shown}".rstrip())
        lines.append(f" {pad} | {' ' * begin}{'^' * max(1, end - begin)}")
    if last >= first + most_lines:
        lines.append(f" {pad} | ...")
    return lines


def closest(name: str, candidates: tuple[str, ...]) -> str:
    """The candidate within Levenshtein distance 2, or empty; equal names suppress it."""
    best, best_distance = "", 3
    for candidate in candidates:
        distance = _distance(name, candidate)
        if distance == 0:
            return ""
        if distance < best_distance:
            best, best_distance = candidate, distance
    return best


def _distance(a: str, b: str) -> int:
    """The Levenshtein distance of two names, or 3 where it is more than 2: nearly all give up after a few characters."""
    if abs(len(a) - len(b)) > 2:
        return 3
    row = list(range(3)) + [3] * (len(b) - 2)
    for i, x in enumerate(a, 1):
        first, last = max(1, i - 2), min(len(b), i + 2)
        diagonal = row[first - 1]
        row[first - 1] = left = i if i <= 2 else 3
        least = left
        for j in range(first, last + 1):
            above = row[j] if j < i + 2 else 3
            left = min(above + 1, left + 1, diagonal + (x != b[j - 1]))
            diagonal, row[j] = above, left
            least = min(least, left)
        if least > 2:
            return 3
    return min(row[len(b)], 3)
