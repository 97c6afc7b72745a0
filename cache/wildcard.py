"""Owns wildcards of COPY and ADD: one name or path against a pattern, as Go's filepath.Match does it.

Python's fnmatch lets `*` cross slashes and spells negation `[!a]`, so it cannot be used. It refuses `**`, which is
the ignore file's (`ignore.py`), and to walk any tree.

Specification: section 0 (filepath.Match) and 3.3.
"""

from __future__ import annotations

import functools
import re

from lithify.errors import LithifyError

#: Pieces of regular expressions: `*`, `?`, `**/` and a last `**`.
STAR = "[^/]*"
ONE = "[^/]"
GAP = "(?:.*/)?"
ANYTHING = ".*"
_META = re.compile(r"[*?\[\\]")


class BadPattern(LithifyError):
    """A pattern that is not well-formed: an open class or a trailing backslash."""


def has_meta(pattern: str) -> bool:
    """Whether a pattern has any character with a meaning; without, it names itself."""
    return bool(_META.search(pattern))


def match(pattern: str, name: str) -> bool:
    """Whether the whole name matches. Raises BadPattern, whatever the name is.

    `*` and `?` do not match `/`; `[a-z]` and `[^a-z]` are classes; `\\` takes the next character as it is."""
    return _compiled(pattern).fullmatch(name) is not None


def check_pattern(pattern: str) -> None:
    """Raises BadPattern for a pattern that is not well-formed."""
    _compiled(pattern)


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "*":
            if parts[-1:] != [STAR]:
                parts.append(STAR)
            at += 1
        elif character == "?":
            parts.append(ONE)
            at += 1
        elif character == "[":
            text, at = class_expression(pattern, at + 1)
            parts.append(text)
        else:
            literal, at = _literal(pattern, at)
            parts.append(re.escape(literal))
    return re.compile(expression(parts))


def expression(parts: list[str]) -> str:
    """Pieces of a regular expression as one that takes time linear in the text, where that is possible.

    What follows a wildcard is tried at its first place only if another wildcard of the same reach comes behind it: then
    a later place cannot do better. This needs pieces that are known to match `/` or known not to."""
    if any(part.startswith("(?!") for part in parts):
        return "".join(parts)  # a negated class may match a slash
    done: list[str] = []
    at = 0
    while at < len(parts):
        end = at + 1
        if parts[at] == GAP and parts[end : end + 1] != [GAP]:
            end = _next(parts, at + 1, (GAP,))
            if end < len(parts) and parts[end - 1] == "/" and end > at + 1:
                done.append(f"(?>(?:.*?/)??{expression(parts[at + 1 : end])})")
                at = end
                continue
        elif parts[at] == STAR:
            end = _next(parts, at + 1, (STAR, GAP, ANYTHING, "/"))
            if end < len(parts) and parts[end] == STAR:
                done.append(f"(?>[^/]*?{''.join(parts[at + 1 : end])})")
                at = end
                continue
        if parts[at : at + 2] != [GAP, GAP]:
            done.append(parts[at])
        at += 1
    return "".join(done)


def _next(parts: list[str], at: int, wanted: tuple[str, ...]) -> int:
    while at < len(parts) and parts[at] not in wanted:
        at += 1
    return at


def _bad(pattern: str) -> BadPattern:
    return BadPattern(f"syntax error in pattern {pattern!r}")


def _literal(pattern: str, at: int) -> tuple[str, int]:
    """One character, perhaps escaped, and where the next one starts."""
    if pattern[at] != "\\":
        return pattern[at], at + 1
    if at + 1 >= len(pattern):
        raise _bad(pattern)
    return pattern[at + 1], at + 2


def class_expression(pattern: str, at: int) -> tuple[str, int]:
    """A character class from behind its `[` on as a regular expression, and where it ends.

    Raises BadPattern. As in Go, a negated class matches `/` too."""
    is_negated = pattern[at : at + 1] == "^"
    at += is_negated
    ranges: list[str] = []
    count = 0
    while not (count and pattern[at : at + 1] == "]"):
        first, at = _class_member(pattern, at)
        last = first
        if pattern[at : at + 1] == "-":
            last, at = _class_member(pattern, at + 1)
        count += 1
        if first <= last:
            ranges.append(f"[{re.escape(first)}-{re.escape(last)}]")
    members = "|".join(ranges) or "(?!)"
    return (f"(?!{members})(?s:.)" if is_negated else f"(?:{members})"), at + 1


def _class_member(pattern: str, at: int) -> tuple[str, int]:
    if at >= len(pattern) or pattern[at] in "-]":
        raise _bad(pattern)
    member, at = _literal(pattern, at)
    if at >= len(pattern):
        raise _bad(pattern)
    return member, at
