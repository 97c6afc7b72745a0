r"""Owns what stands between words: blanks, line breaks, the comments and blank lines inside them.

A *join* is a continuation's end of line up to where the next line's characters begin; all joins of
an instruction are known from its logical line. A *gap* is what parts two words; it is free if the
language throws away all of it. It refuses to touch the blanks at the start of a continuation line
in any other place, for they belong to the text (`RUN a\` + newline + `  b` runs `a  b`).

Specification: sections 1.2 and 1.4.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from lithify.grammar.source import WHITE_SPACE

if TYPE_CHECKING:
    from lithify.grammar.formatting.model import Style
    from lithify.grammar.source import LogicalLine


class Gap(NamedTuple):
    """What parts two words; `comments` are the lines in it, from their `#` on."""

    start: int
    end: int
    is_free: bool
    is_broken: bool
    comments: tuple[str, ...] = ()


class Join(NamedTuple):
    """From the escape character at the end of a line to the first character of the next one."""

    start: int
    end: int


def read_gap(text: str, start: int, end: int, escape: str) -> Gap:
    """What stands in a range between two words of an instruction."""
    lines = [line.strip(WHITE_SPACE) for line in text[start:end].split("\n")]
    if len(lines) == 1:
        return Gap(start, end, is_free=not lines[0], is_broken=False)
    middle = lines[1:-1]
    comments = tuple(line for line in middle if line.startswith("#"))
    is_free = (
        lines[0] == escape
        and not lines[-1]
        and all(line in ("", escape) or line.startswith("#") for line in middle)
    )
    return Gap(start, end, is_free, True, comments)


def joins_of(line: LogicalLine) -> list[Join]:
    """Every join of a logical line, in order."""
    ends = [*(logical for logical, _ in line.segments[1:]), len(line.text)]
    return [
        Join(offset + end - logical, following)
        for (logical, offset), end, (_, following) in zip(
            line.segments, ends, line.segments[1:], strict=False
        )
    ]


def joined(line: LogicalLine, start: int, end: int) -> str:
    """The logical characters of a range of the source that begins and ends with one of them."""
    return line.text[_logical(line, start) : _logical(line, end - 1) + 1] if start < end else ""


def _logical(line: LogicalLine, offset: int) -> int:
    index = bisect_right(line.segments, offset, key=lambda segment: segment[1]) - 1
    logical, begin = line.segments[max(0, index)]
    return logical + offset - begin


def blanks_at(text: str, at: int) -> str:
    """The blanks and tabs that stand at an offset."""
    end = at
    while text[end : end + 1] in (" ", "\t"):
        end += 1
    return text[at:end]


def comment_lines(comments: tuple[str, ...], indent: str, style: Style) -> str:
    """Comments as whole lines."""
    return "".join(f"{indent}{comment}{style.newline}" for comment in comments)


def tidy_join(text: str, join: Join, style: Style) -> str:
    """A join with nothing after its escape, no blank lines, its comments indented as what follows."""
    lines = (line.strip(WHITE_SPACE) for line in text[join.start : join.end].split("\n")[1:])
    comments = tuple(line for line in lines if line)
    indent = blanks_at(text, join.end)
    return f"{style.escape}{style.newline}{comment_lines(comments, indent, style)}"
