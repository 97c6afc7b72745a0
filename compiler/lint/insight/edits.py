"""Owns changes of whole instructions: to take one away, to put one before another, to give one a flag.

It refuses to look at what the change means; comments above an instruction stay, since they may be about more than it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit
from lithify.errors import Span

if TYPE_CHECKING:
    from lithify.grammar.ast import Instruction


def newline(instruction: Instruction) -> str:
    """How lines of the file end."""
    return "\r\n" if "\r\n" in instruction.span.source.text else "\n"


def removed(instruction: Instruction) -> Edit:
    """Takes an instruction away, with its line."""
    source, span = instruction.span.source, instruction.span
    end = source.text.find("\n", span.end)
    start = source.text.rfind("\n", 0, span.start) + 1
    return Edit(Span(source, start, len(source.text) if end < 0 else end + 1), "")


def inserted_before(instruction: Instruction, text: str) -> Edit:
    """Puts an instruction on a line of its own before another and the comments right above that."""
    source, start = instruction.span.source, from_line_of(instruction)
    return Edit(Span(source, start, start), text + newline(instruction))


def inserted_after(instruction: Instruction, text: str) -> Edit:
    """Puts an instruction on a line of its own behind another."""
    source, span = instruction.span.source, instruction.span
    at = source.text.find("\n", span.end)
    if at < 0:
        return Edit(Span(source, len(source.text), len(source.text)), newline(instruction) + text)
    return Edit(Span(source, at + 1, at + 1), text + newline(instruction))


def with_flag(instruction: Instruction, flag: str) -> Edit:
    """Gives an instruction one more flag, as its first."""
    span = instruction.keyword.span
    return Edit(Span(span.source, span.end, span.end), f" {flag}")


def from_line_of(instruction: Instruction) -> int:
    """Where the line of an instruction, or of the comments right above it, starts."""
    at = min((instruction.span.start, *(one.span.start for one in instruction.comments)))
    return instruction.span.source.text.rfind("\n", 0, at) + 1
