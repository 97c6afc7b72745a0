"""Owns the small edits that fixes are made of: a name in a flag, a variable, a whole instruction.

Places are exact also across continuations, where a word and its source text differ; what cannot be found is not edited.
It refuses to decide whether a fix is safe.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.compiler.lint.family import Source
    from lithify.grammar.ast import Flag, Instruction, Word


def source_name(source: Source) -> Span | None:
    """Where the flag of a `from` holds the name; None if quotes or escapes hide it."""
    pattern = rf"from=[\"']?({re.escape(source.name)})(?![A-Za-z0-9._/:-])"
    found = re.search(pattern, source.span.text, re.IGNORECASE)
    if found is None:
        return None
    start = source.span.start + found.start(1)
    return Span(source.span.source, start, start + len(source.name))


def meant_variable(places: Sequence[Span], guess: str) -> tuple[Fix, ...]:
    """The guess in all places of a variable; perhaps something else was meant."""
    if not guess or not places:
        return ()
    return (Fix(f"Write {guess}", tuple(Edit(one, guess) for one in places), False),)


def without_flag(flag: Flag, following: Word) -> Edit:
    """Take a flag away, with the blanks up to what follows it."""
    source = flag.span.source
    between = source.text[flag.span.end : following.span.start]
    end = following.span.start if not between.strip(" \t") else flag.span.end
    return Edit(Span(source, flag.span.start, end), "")


def variables(span: Span, name: str) -> Iterator[Span]:
    """Where a span's text looks a variable up: only the name, without `$` and braces."""
    for match in re.finditer(rf"(?<![\\`])\$\{{?({re.escape(name)})(?![A-Za-z0-9_])", span.text):
        start = span.start + match.start(1)
        yield Span(span.source, start, start + len(name))


def removed(instruction: Instruction) -> Edit:
    """Take an instruction away, with its line's end."""
    span = instruction.span
    text = span.source.text
    end = span.end if text[span.end - 1 : span.end] == "\n" else text.find("\n", span.end) + 1
    return Edit(Span(span.source, span.start, end or len(text)), "")
