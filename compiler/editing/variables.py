r"""Owns where variables are named in a Dockerfile: `$NAME` and `${NAME...}` in words, scripts and heredocs, with their places.

The expander gives values and forgets places, the shell's reader gives commands; an editor wants the very letters of a
name. It refuses to decide which definition a name means: `names` does.

Specification: sections 2.1 to 2.3 and 1.7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.document import Place
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.editing.document import Document
    from lithify.grammar.source import LogicalLine

_NAME = r"\$(?:\{[#!]?(?P<braced>[A-Za-z_]\w*)|(?P<plain>[A-Za-z_]\w*))"
#: What means something outside of single quotes; an escape takes what follows it along.
_BACKSLASH = re.compile(rf"\\.|[\"']|{_NAME}", re.DOTALL | re.ASCII)
_BACKTICK = re.compile(rf"`.|[\"']|{_NAME}", re.DOTALL | re.ASCII)
_BODY = re.compile(rf"\\.|{_NAME}", re.DOTALL | re.ASCII)
#: Instructions in whose arguments the builder itself replaces variables.
_EXPANDED = (
    ast.From, ast.Arg, ast.Env, ast.Label, ast.CopyLike, ast.Workdir, ast.User, ast.Volume,
    ast.Expose, ast.Stopsignal, ast.Onbuild,
)  # fmt: skip


class Mention(NamedTuple):
    """A variable that is named: the letters of the name, `$` and braces not among them."""

    name: str
    place: Place


def mentions(document: Document, instruction: ast.Instruction) -> Iterator[Mention]:
    """Every variable that an instruction looks up, or that the shell which it starts may look up."""
    if "$" not in instruction.span.text:
        return
    logical = document.logical(instruction)
    if logical is not None:
        yield from _in_line(document, instruction, logical)
    if isinstance(instruction, ast.CopyLike):
        for heredoc in instruction.heredocs:
            if heredoc.expand:
                start = heredoc.body_span.start
                for name, begin, end in scan(heredoc.content, "\\", has_quotes=False):
                    yield Mention(name, Place(start + begin, start + end))


def _in_line(
    document: Document, instruction: ast.Instruction, logical: LogicalLine
) -> Iterator[Mention]:
    text = logical.text
    arguments = arguments_start(instruction, logical)
    if not isinstance(instruction, _EXPANDED):
        text = text[:arguments]
    for name, begin, end in scan(text, document.file.escape):
        span = logical.span(begin, end)
        yield Mention(name, Place(span.start, span.end))
    if isinstance(instruction, _EXPANDED):
        return
    script = document.script(instruction)
    if script is None or not script.shell:
        return
    for name, begin, end in scan(script.text, "\\"):
        span = script.span_of(begin, end)
        yield Mention(name, Place(span.start, span.end))


def arguments_start(instruction: ast.Instruction, logical: LogicalLine) -> int:
    """Where in the logical line the arguments begin, behind keyword and flags."""
    return max(0, len(logical.text.rstrip()) - len(instruction.rest))


def scan(text: str, escape: str, *, has_quotes: bool = True) -> Iterator[tuple[str, int, int]]:
    """The names after `$` in a text, with their places; not those that are escaped or in single quotes."""
    specials = (_BACKTICK if escape == "`" else _BACKSLASH) if has_quotes else _BODY
    is_double = False
    at = 0
    while (match := specials.search(text, at)) is not None:
        at = match.end()
        if name := match["braced"] or match["plain"]:
            yield name, at - len(name), at
        elif match[0] == '"':
            is_double = not is_double
        elif match[0] == "'" and not is_double:
            end = text.find("'", at)
            at = end + 1 if end >= 0 else len(text)
