"""Owns the shape of a Dockerfile: an outline of stages with what is in them, and what can be folded away.

A stage holds its instructions and a RUN its commands, so that an outline can be read instead of the file. It refuses to
judge what is worth showing; an editor filters by kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.document import Place
from lithify.compiler.editing.names import definitions_in
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.editing.document import Document
    from lithify.errors import Span

_MOST_DETAIL = 80
_MOST_COMMANDS = 200


class Symbol(NamedTuple):
    """A part of the outline. `kind`: stage, variable, instruction, command or file; `name_place` is inside `place`."""

    name: str
    detail: str
    kind: str
    place: Place
    name_place: Place
    children: tuple[Symbol, ...] = ()


class Fold(NamedTuple):
    """What can be folded, by offsets; `kind` is region, comment or body."""

    start: int
    end: int
    kind: str


def symbols(document: Document) -> tuple[Symbol, ...]:
    """The outline, in file order."""
    sections = document.context.sections
    first = document.stages[0].source if document.stages else None
    head = tuple(
        one
        for one in document.file.instructions
        if first is not None and one.span.start < first.span.start
    )
    found = [symbol for one in head for symbol in _symbols(document, one)]
    for section in sections:
        inside = tuple(symbol for one in section.instructions for symbol in _symbols(document, one))
        source = section.source
        if source is None:
            found += inside
            continue
        last = (source, *section.instructions)[-1]
        name = source.alias or source.image
        detail = f"FROM {source.image.text}"
        place = Place(source.span.start, last.span.end)
        name_place = Place(name.span.start, name.span.end)
        found.append(Symbol(name.text or "FROM", detail, "stage", place, name_place, inside))
    return tuple(found)


def _symbols(document: Document, instruction: ast.Instruction) -> Iterator[Symbol]:
    place = Place(instruction.span.start, instruction.span.end)
    defined = [(name, span) for name, span in definitions_in(instruction) if name]
    if defined:
        for name, span in defined:
            name_place = Place(span.start, span.end)
            yield Symbol(name, instruction.name, "variable", place, name_place)
        return
    keyword = instruction.keyword.span
    name_place = Place(keyword.start, keyword.end)
    detail = " ".join(instruction.rest.split())[:_MOST_DETAIL]
    children = (*_commands(document, instruction), *_files(instruction))
    yield Symbol(instruction.name, detail, "instruction", place, name_place, children)


def _commands(document: Document, instruction: ast.Instruction) -> Iterator[Symbol]:
    script = document.script(instruction) if isinstance(instruction, ast.Run) else None
    for command in script.commands[:_MOST_COMMANDS] if script is not None else ():
        assert script is not None
        span, head = script.span(command), script.span(command.head)
        words = " ".join((command.name, *(word.text for word in command.arguments)))
        detail = " ".join(words.split())[:_MOST_DETAIL]
        place = _inside(Place(span.start, span.end), instruction)
        yield Symbol(command.name or "command", detail, "command", place, _within(head, place))


def _files(instruction: ast.Instruction) -> Iterator[Symbol]:
    if not isinstance(instruction, ast.CopyLike):
        return
    for heredoc in instruction.heredocs:
        place = Place(heredoc.body_span.start, heredoc.body_span.end)
        name = Place(place.start, place.start)
        yield Symbol(heredoc.name, instruction.destination.text, "file", place, name)


def _inside(place: Place, instruction: ast.Instruction) -> Place:
    """A place cut to its instruction, for an outline must nest."""
    start = min(max(place.start, instruction.span.start), instruction.span.end)
    return Place(start, max(start, min(place.end, instruction.span.end)))


def _within(span: Span, place: Place) -> Place:
    start, end = span.start, span.end
    return Place(min(max(start, place.start), place.end), min(max(end, place.start), place.end))


def folds(document: Document) -> tuple[Fold, ...]:
    """What takes more than one line: stages, instructions, bodies of heredocs, blocks of comments."""
    found: list[Fold] = []
    for section in document.stages:
        source = section.source
        assert source is not None, "these are the stages"
        last = (source, *section.instructions)[-1]
        found.append(Fold(source.span.start, last.span.end, "region"))
    for instruction in document.file.instructions:
        found.append(Fold(instruction.span.start, instruction.span.end, "region"))
        found += (
            Fold(one.body_span.start, one.body_span.end - 1, "body")
            for one in instruction.heredocs
            if len(instruction.heredocs) > 1
        )
    found += _comments(document)
    text = document.text
    return tuple(dict.fromkeys(one for one in found if "\n" in text[one.start : one.end]))


def _comments(document: Document) -> Iterator[Fold]:
    """Comments on lines that follow each other."""
    start = end = -1
    for comment in document.file.comments:
        between = document.text[end : comment.span.start] if end >= 0 else ""
        if end < 0 or between.strip() or between.count("\n") != 1:
            if end >= 0:
                yield Fold(start, end, "comment")
            start = comment.span.start
        end = comment.span.end
    if end >= 0:
        yield Fold(start, end, "comment")
