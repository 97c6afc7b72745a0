"""Owns where an instruction breaks: where its author did, and where width or number asks for it.

It only ever adds breaks, and those it adds it finds again as the author's, so that a second run has
nothing to do. It refuses to look at text: lengths are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.grammar.formatting.model import Style
    from lithify.grammar.formatting.pieces import Pieces


def decide_breaks(
    pieces: Pieces, broken: list[bool], lengths: list[int], style: Style
) -> list[bool]:
    """For each gap whether a line ends there; `broken` are those that do now, `lengths` of first lines."""
    breaks = [
        is_broken and not piece.glue.startswith("=")
        for is_broken, piece in zip(broken, pieces.all[1:], strict=True)
    ]
    if pieces.is_pairs:
        return _pairs(breaks, lengths, style)
    if pieces.flags and pieces.is_breakable:
        return _flags(pieces, breaks, lengths, style)
    return breaks


def _pairs(breaks: list[bool], lengths: list[int], style: Style) -> list[bool]:
    """One pair on each line if any line ends between them, or if they are too long for one."""
    is_split = any(breaks[1:]) or _is_too_long(sum(lengths) + len(breaks), style)
    return [*breaks[:1], *(is_split for _ in breaks[1:])]


def _flags(pieces: Pieces, breaks: list[bool], lengths: list[int], style: Style) -> list[bool]:
    """One flag on each line if any line ends between them, if two are mounts, or if they are too long.

    What follows them then has a line of its own, unless their author wrote it behind the last one.
    """
    count = pieces.flags
    is_split_already = any(breaks[1:count])
    rest = _rest(pieces, breaks, lengths)
    start = len(style.indent) if breaks[0] else lengths[0] + 1
    whole = start + sum(lengths[1 : count + 1]) + count - 1 + rest
    is_split = is_split_already or pieces.has_mounts or _is_too_long(whole, style)
    decided = list(breaks)
    if is_split:
        decided[1:count] = [True] * (count - 1)
    if rest:
        last = (start if count == 1 else len(style.indent)) + lengths[count] + rest
        is_new = is_split and not is_split_already
        decided[count] = is_new or (is_split and _is_too_long(last, style))
    return decided


def _rest(pieces: Pieces, breaks: list[bool], lengths: list[int]) -> int:
    """The length of what follows the last flag on its line, with the blank before it."""
    width = 0
    for index in range(pieces.flags, len(breaks)):
        if breaks[index]:
            break
        width += len(pieces.all[index + 1].glue) + lengths[index + 1]
    return width


def _is_too_long(width: int, style: Style) -> bool:
    return style.width is not None and width > style.width
