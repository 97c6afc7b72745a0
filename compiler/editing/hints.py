"""Owns what an editor shows between the lines without being asked: inlay hints, lenses and links.

Only what cannot be read off the line itself is worth the room: what a stage inherits, what a relative path becomes, what
a variable without a value stands for. It refuses to repeat what is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.compiler.editing.document import Place
from lithify.compiler.editing.standing import DEFAULT_SHELL
from lithify.compiler.paths import destination_path
from lithify.grammar import ast
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.editing.document import Document
    from lithify.compiler.editing.names import Names

_MOST_VALUE = 60
_URL = re.compile(r"https?://[^\s\"'\\$\[\]]+")
_HUB = "docker.io"
_OFFICIAL = "library/"


class Hint(NamedTuple):
    """A text to show behind an offset."""

    offset: int
    text: str
    tooltip: str


class Lens(NamedTuple):
    """A remark above an instruction."""

    place: Place
    text: str


class Link(NamedTuple):
    """A place that leads to a page."""

    place: Place
    url: str
    tooltip: str


def hints(document: Document, within: Place) -> tuple[Hint, ...]:
    """What is inherited or expanded, for the lines of a range."""
    found: list[Hint] = []
    for instruction in document.file.instructions:
        span = instruction.span
        if span.start <= within.end and within.start <= span.end:
            found += _hints(document, instruction)
    return tuple(one for one in found if within.holds(one.offset))


def _hints(document: Document, instruction: ast.Instruction) -> Iterator[Hint]:
    match instruction:
        case ast.From(image=image):
            value = _expanded(document, instruction, image.text)
            if "$" in image.text and value != image.text:
                yield Hint(image.span.end, f"= {_short(value)}", "the image that is meant")
            yield from _inherited(document, instruction)
        case ast.Arg():
            yield from _arguments(document, instruction)
        case ast.Workdir(path=path):
            yield from _path(document, instruction, path)
        case ast.CopyLike(destination=destination):
            yield from _path(document, instruction, destination)
        case ast.User(user=user):
            value = _expanded(document, instruction, user.text)
            if "$" in user.text and value != user.text:
                yield Hint(user.span.end, f"= {_short(value)}", "the user that is meant")


def _expanded(document: Document, instruction: ast.Instruction, text: str) -> str:
    """A text with its variables replaced; as written where one of them is unknown."""
    try:
        found = expand(text, document.variables(instruction), document.file.escape)
    except ExpansionError:
        return text
    return text if found.missing else found.value


def _inherited(document: Document, instruction: ast.From) -> Iterator[Hint]:
    standing = document.standing(instruction)
    if standing is None:
        return
    parts = []
    if standing.workdir != "/":
        parts.append(f"WORKDIR {standing.workdir}")
    if standing.user:
        parts.append(f"USER {standing.user}")
    if standing.shell != DEFAULT_SHELL:
        parts.append(f"SHELL {' '.join(standing.shell)}")
    if parts:
        end = (instruction.alias or instruction.image).span.end
        yield Hint(end, "; ".join(parts), "what the stage inherits")


def _arguments(document: Document, instruction: ast.Arg) -> Iterator[Hint]:
    line = document.line(instruction)
    if line is None:
        return
    for declared, (_, value) in zip(instruction.declarations, line.arguments, strict=True):
        default = declared.default
        end = (default or declared.name).span.end
        if value is None or default is not None and value == default.text.strip("\"'"):
            continue
        yield Hint(end, f"= {_short(value)}", "the value without --build-arg")


def _path(document: Document, instruction: ast.Instruction, word: ast.Word) -> Iterator[Hint]:
    standing = document.standing(instruction)
    if standing is None or not word.text:
        return
    written = _expanded(document, instruction, word.text)
    if "$" in written:
        return
    value = destination_path(written, standing.workdir)
    if isinstance(instruction, ast.Workdir):
        value = value.rstrip("/") or "/"
    if value.rstrip("/") != word.text.strip("\"'").rstrip("/"):
        yield Hint(word.span.end, f"= {_short(value)}", "the path inside the image")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MOST_VALUE else f"{text[: _MOST_VALUE - 1]}…"


def lenses(document: Document, names: Names) -> tuple[Lens, ...]:
    """For each stage: which it is, how many layers it makes, and which stages use it."""
    users: dict[int, list[str]] = {}
    for one in names.occurrences:
        if one.kind == "stage" and not one.is_definition:
            own = document.stage_number(one.place.start)
            if own is not None:
                users.setdefault(one.group, []).append(document.stage_label(own))
    found = []
    count = len(document.stages)
    for number, section in enumerate(document.stages):
        source = section.source
        assert source is not None, "these are the stages"
        layers = sum(
            isinstance(one, ast.Run | ast.CopyLike | ast.Workdir) for one in section.instructions
        )
        parts = [f"stage {number + 1} of {count}", f"{layers} layer{'s' * (layers != 1)}"]
        by = list(dict.fromkeys(users.get(number, ())))
        if by:
            parts.append(f"used by {', '.join(by)}")
        elif number + 1 == count:
            parts.append("built by default")
        else:
            parts.append("not used by other stages")
        found.append(Lens(Place(source.span.start, source.span.end), " · ".join(parts)))
    return tuple(found)


def links(document: Document) -> tuple[Link, ...]:
    """Pages of images, and addresses that are fetched."""
    found: list[Link] = []
    for directive in document.file.directives:
        if directive.name == "syntax":
            at = directive.span.text.find(directive.value)
            start = directive.span.start + max(at, 0)
            place = Place(start, start + len(directive.value))
            found += _image_link(place, directive.value)
    for instruction in document.file.instructions:
        if isinstance(instruction, ast.From):
            number = document.stage_number(instruction.span.start)
            if document.stage_named(instruction.image.text, number) is None:
                name = _expanded(document, instruction, instruction.image.text)
                span = instruction.image.span
                found += _image_link(Place(span.start, span.end), name)
        elif isinstance(instruction, ast.Add):
            for word in instruction.sources:
                if _URL.fullmatch(word.text):
                    place = Place(word.span.start, word.span.end)
                    found.append(Link(place, word.text, "what is fetched"))
    return tuple(found)


def _image_link(place: Place, name: str) -> Iterator[Link]:
    if name == "scratch" or "$" in name:
        return
    try:
        reference = parse_reference(name)
    except InvalidReference:
        return
    registry, _, path = reference.name.partition("/")
    if registry == _HUB and path.startswith(_OFFICIAL):
        url = f"https://hub.docker.com/_/{path.removeprefix(_OFFICIAL)}"
    elif registry == _HUB:
        url = f"https://hub.docker.com/r/{path}"
    elif registry in ("quay.io", "ghcr.io", "mcr.microsoft.com"):
        url = f"https://{registry}/{path}"
    else:
        return
    yield Link(place, url, f"the page of {reference.familiar_name}")
