r"""Owns the canonical format of a Dockerfile: `format_text` gives the edits that bring a text into it.

It exists beside the tree because a tree has no blanks: each instruction is laid out in its own
place, and what stands between instructions is counted. Whatever reaches an image is left alone, so a
file means the same and has the same cache keys before and after. It refuses texts with mistakes,
for what cannot be read cannot be kept.

Specification: sections 1.1 to 1.7.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import SourceErrors, SourceText
from lithify.grammar.ast import Comment, Directive
from lithify.grammar.directives import read_directives
from lithify.grammar.formatting.layout import lay_out
from lithify.grammar.formatting.model import (
    FormatOptions,
    Style,
    TextEdit,
    apply_edits,
    smallest_edit,
)
from lithify.grammar.parser import parse_parts
from lithify.grammar.source import BYTE_ORDER_MARK, WHITE_SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.grammar.ast import Dockerfile, Instruction
    from lithify.grammar.statement import Statement

__all__ = ("FormatOptions", "TextEdit", "apply_edits", "format_text", "formatted")

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z0-9]+)\s*=\s*")
_IGNORED = re.compile(r"(?:lithify:\s*fmt-ignore|dockerfmt-ignore|dprint-ignore)(?![-\w])")
_FILE_IGNORED = re.compile(r"(?:lithify:\s*fmt-ignore-file|dprint-ignore-file)(?![-\w])")


class _Item(NamedTuple):
    """Something that stands on lines of its own, and its edits."""

    start: int
    end: int
    node: Directive | Comment | Instruction
    edits: tuple[TextEdit, ...] = ()


def formatted(source: SourceText, options: FormatOptions | None = None) -> str:
    """A text in canonical format. Raises SourceErrors."""
    return apply_edits(source.text, format_text(source, options))


def format_text(
    source: SourceText,
    options: FormatOptions | None = None,
    *,
    lines: tuple[int, int] | None = None,
) -> tuple[TextEdit, ...]:
    """The smallest edits that bring a text into canonical format, in order and apart from each other.

    With `lines` (first and last, from 1) only what stands on them: a part of the edits of the whole.
    Raises SourceErrors for a text with mistakes, of which nothing is formatted.
    """
    options = options or FormatOptions()
    dockerfile, statements = parse_parts(source)
    if dockerfile.errors:
        raise SourceErrors(dockerfile.errors)
    if any(_FILE_IGNORED.match(comment.text) for comment in dockerfile.comments):
        return ()
    newline = _newline(dockerfile, options)
    style = Style(dockerfile.escape, newline, options.indent, options.width)
    items = list(_items(dockerfile, statements, style))
    # Where both insert at one place, that of the item comes first: the sort is stable.
    groups = [*(item.edits for item in items), *_gaps(source, items, style, options)]
    if lines is not None:
        groups = [group for group in groups if _stands_on(source, group, lines)]
    edits = (edit for group in groups for edit in group)
    return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))


def _newline(dockerfile: Dockerfile, options: FormatOptions) -> str:
    """The line ending to use: that of most lines outside heredocs, unless it is chosen."""
    if options.line_ending != "auto":
        return "\n" if options.line_ending == "lf" else "\r\n"
    text = dockerfile.source.text
    bodies = [heredoc.content for one in dockerfile.instructions for heredoc in one.heredocs]
    returns = text.count("\r\n") - sum(body.count("\r\n") for body in bodies)
    newlines = text.count("\n") - sum(body.count("\n") for body in bodies)
    return "\r\n" if returns * 2 > newlines else "\n"


def _items(
    dockerfile: Dockerfile, statements: tuple[Statement, ...], style: Style
) -> Iterator[_Item]:
    """Directives, comments and instructions of a file in order, comments of continuations left out."""
    comments = iter(dockerfile.comments)
    comment = next(comments, None)
    # After a `#!` line directives are read as comments, too.
    first = comment.span.start if comment else len(dockerfile.source.text)
    for directive in dockerfile.directives:
        if directive.span.start < first:
            yield _directive(directive)
    is_ignored = False
    for instruction, statement in zip(dockerfile.instructions, statements, strict=True):
        while comment is not None and comment.span.start < instruction.span.start:
            is_ignored = is_ignored or _IGNORED.match(comment.text) is not None
            yield _comment(comment)
            comment = next(comments, None)
        yield _instruction(instruction, statement, None if is_ignored else style)
        is_ignored = False
        while comment is not None and comment.span.start < instruction.span.end:
            comment = next(comments, None)
    while comment is not None:
        yield _comment(comment)
        comment = next(comments, None)


def _comment(comment: Comment) -> _Item:
    span = comment.span
    return _Item(span.start, span.start + len(span.text.rstrip(WHITE_SPACE)), comment)


def _directive(directive: Directive) -> _Item:
    """`# key=value`; one that is indented is left alone, for not every reader would find it."""
    span = directive.span
    text = span.source.text
    line = text.rfind("\n", 0, span.start) + 1
    start = line + text.startswith(BYTE_ORDER_MARK, line)
    if start != span.start or (match := _DIRECTIVE.match(span.text)) is None:
        return _Item(start, span.end, directive)
    end = span.start + len(span.text.rstrip(WHITE_SPACE))
    edit = smallest_edit(text, TextEdit(start, start + match.end(), f"# {match[1]}="))
    return _Item(start, end, directive, (edit,) if edit else ())


def _instruction(instruction: Instruction, statement: Statement, style: Style | None) -> _Item:
    """An instruction in its layout; without a style as it stands, its first line's blanks included."""
    span = instruction.span
    if style is not None:
        layout = lay_out(statement, instruction, style)
        return _Item(span.start, layout.end, instruction, layout.edits)
    text = span.source.text
    start = text.rfind("\n", 0, span.start) + 1
    return _Item(start + text.startswith(BYTE_ORDER_MARK, start), span.end, instruction)


def _gaps(
    source: SourceText, items: list[_Item], style: Style, options: FormatOptions
) -> Iterator[tuple[TextEdit, ...]]:
    """The edits of what stands before, between and after items, one group each."""
    text = source.text
    yield _top(source, items[0].start, style)
    before_from = _before_from(text, items)
    for index, (item, following) in enumerate(pairwise(items), 1):
        blank = _blank_lines(
            text[item.end : following.start], item, following, index in before_from
        )
        yield _edit(text, item.end, following.start, style.newline * (1 + blank))
    end = style.newline if options.final_newline else ""
    yield _edit(text, items[-1].end, len(text), end)


def _edit(text: str, start: int, end: int, new: str) -> tuple[TextEdit, ...]:
    edit = smallest_edit(text, TextEdit(start, end, new))
    return () if edit is None else (edit,)


def _blank_lines(gap: str, item: _Item, following: _Item, is_before_from: bool) -> int:
    """How many blank lines there are to be in a gap: none or one."""
    if isinstance(item.node, Directive):
        return 0 if isinstance(following.node, Directive) else 1
    if isinstance(item.node, Comment):
        has_heredoc = False
    else:
        has_heredoc = bool(item.node.heredocs)
    return 1 if is_before_from or has_heredoc or gap.count("\n") > 1 else 0


def _before_from(text: str, items: list[_Item]) -> frozenset[int]:
    """The items that need a blank line before them: each FROM, or the comments that belong to it."""
    found: set[int] = set()
    for index, item in enumerate(items):
        if isinstance(item.node, Directive | Comment) or item.node.name != "FROM":
            continue
        while index > 0 and isinstance(items[index - 1].node, Comment):
            if text.count("\n", items[index - 1].end, items[index].start) > 1:
                break
            index -= 1
        found.add(index)
    return frozenset(found)


def _top(source: SourceText, end: int, style: Style) -> tuple[TextEdit, ...]:
    """What stands before the first item is removed, unless that would make directives of comments."""
    start = 1 if source.text.startswith(BYTE_ORDER_MARK) else 0
    edit = _edit(source.text, start, end, "")
    if not edit or _directives(source) == _directives(
        SourceText("", apply_edits(source.text, edit))
    ):
        return edit
    # A blank line keeps comments what they are; an indentation alone does so as it is.
    is_blank = "\n" in source.text[start:end]
    return _edit(source.text, start, end, style.newline) if is_blank else ()


def _directives(source: SourceText) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in read_directives(source).directives]


def _stands_on(source: SourceText, group: tuple[TextEdit, ...], lines: tuple[int, int]) -> bool:
    """Whether a group of edits touches the lines."""
    if not group:
        return False
    first, last = source.position(group[0].start)[0], source.position(group[-1].end)[0]
    return first <= lines[1] and last >= lines[0]
