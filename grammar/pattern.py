r"""Owns the patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*`, `?` and escapes, nothing else.

A pattern is run as a set of states held in one integer, so that the time is linear in the value:
patterns come from hostile files, and a backtracking matcher could be made to run for hours. It
refuses bracket classes, as the language does: brackets are ordinary characters.

Specification: section 2.1, pattern language.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUP = re.compile(r"\$(?:\$|(?P<name>\w+)|\{(?P<braced>\w+)\})")
_ANY = ""
#: What variables may add to a word: as much as the kernel lets one variable of a process hold.
MOST_CHARACTERS = 128 * 1024


class PatternError(ValueError):
    """An escape that the pattern language does not have, or a result that is too long."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """`units` are characters to match (empty: any); `loops` has a bit for each `*` before a unit."""

    units: tuple[str, ...]
    loops: int

    def reversed(self) -> _Pattern:
        """The pattern that matches reversed values."""
        size = len(self.units)
        loops = sum(1 << (size - at) for at in range(size + 1) if self.loops >> at & 1)
        return _Pattern(self.units[::-1], loops)

    def step_masks(self) -> tuple[dict[str, int], int]:
        """For each character the states it advances; then those that any character advances."""
        masks: dict[str, int] = {}
        wild = 0
        for at, unit in enumerate(self.units):
            if unit == _ANY:
                wild |= 1 << at
            else:
                masks[unit] = masks.get(unit, 0) | 1 << at
        return masks, wild


def trim(value: str, operator: str, pattern: str) -> str:
    """The value without the prefix (`#`) or suffix (`%`) that matches, the longest if doubled."""
    longest = pattern.startswith(operator)
    compiled = _compile(pattern[1:] if longest else pattern)
    if operator == "#":
        end = _match_end(compiled, value, 0, longest=longest)
        return value if end is None else value[end:]
    end = _match_end(compiled.reversed(), value[::-1], 0, longest=longest)
    return value if end is None else value[: len(value) - end]


def replace(value: str, pattern: str, replacement: str, *, every: bool) -> str:
    """Replace the first or every longest match; with `every`, `$name` in the replacement vanishes."""
    compiled = _compile(pattern)
    is_fixed = bool(compiled.units) and not compiled.loops
    is_template = every and "$" in replacement
    result: list[str] = []
    copied = size = 0
    for start, end in _fixed_matches(compiled, value) if is_fixed else _matches(compiled, value):
        filled = _filled(replacement, value[start:end]) if is_template else replacement
        size += len(filled)
        if size > MOST_CHARACTERS:
            raise PatternError(f"replacements add more than {MOST_CHARACTERS} characters")
        result += [value[copied:start], filled]
        copied = end
        if not every:
            break
    return "".join(result) + value[copied:]


def _fixed_matches(pattern: _Pattern, value: str) -> Iterator[tuple[int, int]]:
    """The matches of a pattern without `*`: a regular expression of one length cannot backtrack, and is quick."""
    units = ("." if unit == _ANY else re.escape(unit) for unit in pattern.units)
    return (match.span() for match in re.finditer("".join(units), value))


def _matches(pattern: _Pattern, value: str) -> Iterator[tuple[int, int]]:
    """The longest matches from left to right; an empty one does not touch the one before."""
    starts = _match_starts(pattern, value)
    copied = at = 0
    while at <= len(value):
        end = _match_end(pattern, value, at, longest=True) if starts[at] else None
        if end is None or (end == at and at == copied and at > 0):
            at += 1
            continue
        yield at, end
        copied = end
        at = end if end > at else at + 1


def _filled(template: str, whole: str) -> str:
    """The replacement with group references resolved: only group 0 and `$$` are anything."""

    def fill(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return whole if (match["name"] or match["braced"]) == "0" else ""

    if template.count("$") * len(whole) > MOST_CHARACTERS:
        raise PatternError(f"a replacement may add more than {MOST_CHARACTERS} characters")
    return _GROUP.sub(fill, template)


def _compile(pattern: str) -> _Pattern:
    units: list[str] = []
    loops = 0
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            loops |= 1 << len(units)
        elif character == "?":
            units.append(_ANY)
        elif character == "\\":
            escaped = next(characters, "")
            if not escaped or escaped not in "*?\\}/":
                raise PatternError(
                    f"invalid pattern ({pattern}) in substitution: invalid escape '\\{escaped}'"
                )
            units.append(escaped)
        else:
            units.append(character)
    return _Pattern(tuple(units), loops)


def _match_end(pattern: _Pattern, value: str, start: int, *, longest: bool) -> int | None:
    masks, wild = pattern.step_masks()
    accepting = 1 << len(pattern.units)
    active = 1
    found: int | None = None
    for at in range(start, len(value) + 1):
        if active & accepting:
            found = at
            if not longest:
                break
        if at == len(value) or not active:
            break
        active = _step(active, value[at], masks, wild, pattern.loops)
    return found


def _match_starts(pattern: _Pattern, value: str) -> list[bool]:
    """For each offset whether a match starts there, found by reading backwards from every end."""
    backwards = pattern.reversed()
    masks, wild = backwards.step_masks()
    accepting = 1 << len(pattern.units)
    starts = [False] * (len(value) + 1)
    active = 1
    for at in range(len(value), -1, -1):
        starts[at] = bool(active & accepting)
        if at:
            active = _step(active, value[at - 1], masks, wild, backwards.loops) | 1
    return starts


def _step(active: int, character: str, masks: dict[str, int], wild: int, loops: int) -> int:
    advanced = active & masks.get(character, 0)
    if character == "\n":
        return advanced << 1
    return (advanced | active & wild) << 1 | active & loops
