"""Owns what every piece of a Dockerfile is, for editors that colour: the language's own words and those of the shell.

Scripts are coloured by their syntax, not by patterns, at their real places across continuations and inside heredocs. It
refuses pieces that go over the end of a line, for few editors take them: such a one is given line by line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing.document import Place
from lithify.compiler.editing.names import definitions_in, stage_uses
from lithify.compiler.editing.variables import arguments_start, mentions
from lithify.compiler.shell.tokens import shell_tokens
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.editing.document import Document
    from lithify.compiler.shell.model import Script
    from lithify.errors import Span

#: What a piece can be; an editor gets the number.
KINDS = (
    "keyword", "comment", "string", "number", "variable", "operator", "function", "parameter",
    "namespace", "class", "property", "macro",
)  # fmt: skip
#: What can be said besides; an editor gets bits.
MODIFIERS = ("declaration",)


class Token(NamedTuple):
    """A piece within one line; `kind` is one of `KINDS`."""

    start: int
    end: int
    kind: str
    is_declaration: bool = False


class KnownTokens:
    """What was found in the instructions of the text before, so that after a keystroke only what is new is looked at.

    The pieces of an instruction depend on its own text and on what FROM and SHELL say anywhere in the file."""

    def __init__(self) -> None:
        self._setting: tuple[str, ...] = ()
        self._before: dict[str, tuple[Token, ...]] = {}
        self._now: dict[str, tuple[Token, ...]] = {}

    def begin(self, document: Document) -> None:
        """Another text is looked at; what the last one did not have is forgotten."""
        setting = _setting(document)
        self._before = self._now if setting == self._setting else {}
        self._setting = setting
        self._now = {}

    def of(self, document: Document, instruction: ast.Instruction) -> tuple[Token, ...]:
        """The pieces of an instruction; offsets from where it starts."""
        text = instruction.span.text
        found = self._now.get(text) or self._before.get(text)
        if found is None:
            found = _relative(document, instruction)
        self._now[text] = found
        return found


def tokens(
    document: Document, within: Place | None = None, known: KnownTokens | None = None
) -> tuple[Token, ...]:
    """The pieces of a document, or those that touch a range of it, in order, none overlapping.

    `known` is what an earlier call has left, and gets what this one finds."""
    known = known or KnownTokens()
    known.begin(document)
    found = [_token(one.span, "macro") for one in document.file.directives]
    found += (_token(one.span, "comment") for one in document.file.comments)
    for instruction in document.file.instructions:
        span = instruction.span
        if within is None or (span.start <= within.end and within.start <= span.end):
            at = span.start
            found += (
                Token(at + start, at + end, kind, is_declaration)
                for start, end, kind, is_declaration in known.of(document, instruction)
            )
    found.sort()
    if within is None:
        return tuple(found)
    return tuple(one for one in found if one.end >= within.start and one.start <= within.end)


def _setting(document: Document) -> tuple[str, ...]:
    """What the pieces of any instruction may depend on besides its own text."""
    said = (
        one.span.text for one in document.file.instructions if isinstance(one, ast.From | ast.Shell)
    )
    chosen = (one.text for one in document.file.comments if "shell" in one.text)
    return (document.file.escape, *said, *chosen)


def _relative(document: Document, instruction: ast.Instruction) -> tuple[Token, ...]:
    found = sorted(_instruction(document, instruction), key=lambda one: (one.start, -one.end))
    text, start = document.text, instruction.span.start
    return tuple(
        one._replace(start=one.start - start, end=one.end - start)
        for token in _apart(found)
        for one in _lines(text, token)
    )


def _token(span: Span, kind: str, *, is_declaration: bool = False) -> Token:
    return Token(span.start, span.end, kind, is_declaration)


def _instruction(document: Document, instruction: ast.Instruction) -> Iterator[Token]:
    yield _token(instruction.keyword.span, "keyword")
    for flag in instruction.flags:
        equals = flag.span.text.find("=")
        end = flag.span.start + equals if equals > 0 else flag.span.end
        yield Token(flag.span.start, end, "property")
    for _, span in stage_uses(instruction):
        yield _token(span, "namespace")
    for name, span in definitions_in(instruction):
        if name:
            yield _token(span, "variable", is_declaration=True)
    for heredoc in instruction.heredocs:
        yield _token(heredoc.span, "operator")
    script = _script(document, instruction)
    if script is not None:
        yield from _shell(script)
    else:
        for mention in mentions(document, instruction):
            yield Token(*mention.place, "variable")
    yield from _words(document, instruction)
    yield from _bodies(instruction, script)


def _words(document: Document, instruction: ast.Instruction) -> Iterator[Token]:
    """What is particular to kinds of instructions."""
    match instruction:
        case ast.From():
            yield from _from(document, instruction)
        case ast.Env(pairs=pairs) | ast.Label(pairs=pairs):
            yield from _pairs(document, instruction, pairs)
        case ast.Expose(ports=ports):
            yield from (_token(port.span, "number") for port in ports)
        case ast.Onbuild(inner_keyword=word) | ast.Healthcheck(kind=word):
            yield _token(word.span, "keyword")
        case ast.Volume(json=True) | ast.CopyLike(json=True) | ast.Shell():
            yield from _strings(document, instruction)
        case ast.Run(command=command) | ast.Cmd(command=command) | ast.Entrypoint(command=command):
            if isinstance(command, ast.ExecForm):
                yield from _strings(document, instruction)


def _from(document: Document, instruction: ast.From) -> Iterator[Token]:
    number = document.stage_number(instruction.span.start)
    base = document.stage_named(instruction.image.text, number)
    yield _token(instruction.image.span, "class" if base is None else "namespace")
    if instruction.as_keyword is not None and instruction.alias is not None:
        yield _token(instruction.as_keyword.span, "keyword")
        yield _token(instruction.alias.span, "namespace", is_declaration=True)


def _pairs(
    document: Document, instruction: ast.Instruction, pairs: tuple[ast.KeyValue, ...]
) -> Iterator[Token]:
    for pair in pairs:
        if isinstance(instruction, ast.Label):
            yield _token(pair.key.span, "property")
        if pair.value.text[:1] in ("'", '"'):
            yield from _around(document, instruction, pair.value.span)


def _around(document: Document, instruction: ast.Instruction, span: Span) -> Iterator[Token]:
    """A string without the variables in it."""
    at = span.start
    for mention in mentions(document, instruction):
        if span.start <= mention.place.start < span.end:
            if mention.place.start > at:
                yield Token(at, mention.place.start, "string")
            at = mention.place.end
    if at < span.end:
        yield Token(at, span.end, "string")


def _strings(document: Document, instruction: ast.Instruction) -> Iterator[Token]:
    """The strings of a JSON array."""
    logical = document.logical(instruction)
    if logical is None:
        return
    at = arguments_start(instruction, logical)
    text = logical.text
    while (start := text.find('"', at)) >= 0:
        end = start + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        span = logical.span(start, min(end + 1, len(text)))
        yield _token(span, "string")
        at = end + 1


def _script(document: Document, instruction: ast.Instruction) -> Script | None:
    """The shell script of an instruction whose characters all have a place."""
    script = document.script(instruction)
    return script if script is not None and script.shell else None


def _shell(script: Script) -> Iterator[Token]:
    for piece in shell_tokens(script.text):
        span = script.span_of(piece.start, piece.end)
        if span.end - span.start == piece.end - piece.start:
            yield Token(span.start, span.end, piece.kind)
        else:
            yield from _pieces(script, piece.start, piece.end, piece.kind)


def _pieces(script: Script, start: int, end: int, kind: str) -> Iterator[Token]:
    """A piece that lines are continued in: its parts, without what joins them."""
    begin = last = script.span_of(start, start + 1).start
    for at in range(start + 1, end):
        here = script.span_of(at, at + 1).start
        if here != last + 1:
            yield Token(begin, last + 1, kind)
            begin = here
        last = here
    yield Token(begin, last + 1, kind)


def _bodies(instruction: ast.Instruction, script: Script | None) -> Iterator[Token]:
    """Heredocs that are files, not scripts."""
    for heredoc in instruction.heredocs if script is None else ():
        yield _token(heredoc.body_span, "string")


def _apart(found: list[Token]) -> Iterator[Token]:
    """Without overlaps: of two pieces the one that begins later is the more exact, and cuts the other."""
    waiting: list[Token] = []
    for token in found:
        while waiting and waiting[-1].end <= token.start:
            yield from _cut(waiting.pop())
        if waiting:
            outer = waiting.pop()
            if outer.start < token.start:
                yield outer._replace(end=token.start)
            if outer.end > token.end:
                waiting.append(outer._replace(start=token.end))
        if token.end > token.start:
            waiting.append(token)
        waiting.sort(key=lambda one: -one.start)
    for token in sorted(waiting):
        yield from _cut(token)


def _cut(token: Token) -> Iterator[Token]:
    if token.end > token.start:
        yield token


def _lines(text: str, token: Token) -> Iterator[Token]:
    """A piece line by line, without the ends of lines."""
    start = token.start
    while (newline := text.find("\n", start, token.end)) >= 0:
        end = newline - 1 if text[newline - 1 : newline] == "\r" else newline
        if end > start:
            yield token._replace(start=start, end=end)
        start = newline + 1
    if token.end > start:
        yield token._replace(start=start)
