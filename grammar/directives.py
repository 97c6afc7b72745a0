"""Owns parser directives: `# escape=`, `# syntax=` and `# check=` at the top of a file.

They are read before anything else because the escape character decides how lines join. It refuses
to act on them: which frontend a `syntax` names and what a `check` skips is for others to use.

Specification: section 1.3.
"""

from __future__ import annotations

import re

from lithify.errors import SourceError, SourceText, Span
from lithify.grammar.ast import Directive
from lithify.grammar.source import BYTE_ORDER_MARK, WHITE_SPACE, physical_line
from lithify.values import dataclass

_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*")
_KNOWN = ("syntax", "escape", "check")


@dataclass(frozen=True, slots=True)
class DirectiveBlock:
    """The directives of a file, the escape they choose, where instructions may start, errors."""

    directives: tuple[Directive, ...]
    escape: str
    end: int
    errors: tuple[SourceError, ...]


@dataclass(frozen=True, slots=True)
class Syntax:
    """A frontend that a file asks for: the image, all that was written, and its line from 1."""

    image: str
    cmdline: str
    line: int


def read_directives(source: SourceText) -> DirectiveBlock:
    """Read the block at the top; a `#!` line hides a later `escape` but no other directive."""
    start = 1 if source.text.startswith(BYTE_ORDER_MARK) else 0
    is_script = source.text.startswith("#!", start)
    begin = physical_line(source, start).next if is_script else start
    found = _scan(source, begin, "#")
    if is_script:
        found = [directive for directive in found if directive.name != "escape"]
        return DirectiveBlock(tuple(found), "\\", start, ())
    errors = _errors(found)
    unique = {directive.name: directive for directive in reversed(found)}
    escape = unique["escape"].value if "escape" in unique else "\\"
    end = physical_line(source, found[-1].span.start).next if found else start
    return DirectiveBlock(
        tuple(sorted(unique.values(), key=lambda directive: directive.span.start)),
        escape if escape in ("\\", "`") else "\\",
        end,
        errors,
    )


def detect_syntax(source: SourceText) -> Syntax | None:
    """The `syntax` of a file that need not be a Dockerfile: `#`, `//` comments or a JSON object."""
    start = 1 if source.text.startswith(BYTE_ORDER_MARK) else 0
    if source.text.startswith("#!", start):
        start = physical_line(source, start).next
    for marker in ("#", "//"):
        for directive in _scan(source, start, marker):
            if directive.name == "syntax":
                image = directive.value.split(" ", 1)[0]
                return Syntax(image, directive.value, directive.span.line)
    return _syntax_of_json(source.text[start:])


def _syntax_of_json(text: str) -> Syntax | None:
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    syntax = value.get("syntax") if isinstance(value, dict) else None
    if not isinstance(syntax, str) or not syntax:
        return None
    return Syntax(syntax.split(" ", 1)[0], syntax, 1)


def _scan(source: SourceText, start: int, marker: str) -> list[Directive]:
    found: list[Directive] = []
    at = start
    while at < len(source.text):
        line = physical_line(source, at)
        text = line.text.lstrip(WHITE_SPACE)
        match = None
        if text.startswith(marker):
            match = _DIRECTIVE.fullmatch(text[len(marker) :].lstrip(WHITE_SPACE))
        if match is None or match[1].lower() not in _KNOWN:
            break
        begin = line.start + len(line.text) - len(text)
        span = Span(source, begin, begin + len(text))
        found.append(Directive(match[1].lower(), match[2], span))
        at = line.next
    return found


def _errors(found: list[Directive]) -> tuple[SourceError, ...]:
    errors: list[SourceError] = []
    seen: set[str] = set()
    for directive in found:
        if directive.name in seen:
            message = f"only one {directive.name} parser directive can be used"
            errors.append(SourceError(message, span=directive.span))
        elif directive.name == "escape" and directive.value not in ("\\", "`"):
            message = f"invalid escape token '{directive.value}' does not match ` or \\"
            errors.append(SourceError(message, span=directive.span))
        seen.add(directive.name)
    return tuple(errors)
