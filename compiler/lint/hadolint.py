"""Owns how hadolint sees a file where that differs from ours: what it cannot read, and where it puts its findings.

People move from it with gates that count findings; its profile must agree to the line. It refuses to be the default:
what hadolint cannot read, builders build.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lower.healthcheck import read_healthcheck
from lithify.errors import SourceError, Span
from lithify.grammar.ast import (
    Add,
    Cmd,
    Copy,
    Entrypoint,
    Expose,
    From,
    Healthcheck,
    Run,
    ShellForm,
)
from lithify.grammar.file import STAGELESS
from lithify.grammar.instructions import BlankName, ForbiddenTrigger
from lithify.grammar.statement import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.grammar.ast import Dockerfile, Instruction

_PORT = re.compile(
    r"(?:\d+|\$\w+|\$\{\w+\})(?:-(?:\d+|\$\w+|\$\{\w+\}))?(?:/(?:tcp|udp))?", re.IGNORECASE
)
#: It knows a registry by the dot in its name; otherwise a port is a tag, and a name has but one.
_TWO_TAGS = re.compile(r"[^/.@]+:\d+/[^@]*:")
_EXPECTED = (
    f"'#', '\\', {', '.join(sorted(KEYWORDS))}, a pragma, at least one space, or end of input"
)
#: Rules that report several findings of one instruction: one for each label.
ONE_FOR_EACH_LABEL = frozenset(f"DL30{number}" for number in (49, *range(51, 57), 58))


def refusal(dockerfile: Dockerfile) -> SourceError | None:
    """The first thing in a file that hadolint cannot read; None if it reads all."""
    errors = [one for one in dockerfile.errors if not _is_read(one)]
    for instruction in dockerfile.instructions:
        errors += (_unreadable(span) for span in _refused_spans(instruction, dockerfile))
    for span in dockerfile.empty_continuations:
        errors += (_unreadable(one) for one in _blank_lines(span))
    if not errors:
        return None
    first = min(errors, key=lambda error: error.span.start if error.span else 0)
    return _in_its_words(first)


def _is_read(error: SourceError) -> bool:
    """Whether it is a mistake that a rule of hadolint speaks of, not its parser."""
    is_blank_label = isinstance(error, BlankName) and error.keyword == "LABEL"
    return error.message in STAGELESS or is_blank_label or isinstance(error, ForbiddenTrigger)


def _unreadable(span: Span) -> SourceError:
    return SourceError("", span=span)


def _in_its_words(error: SourceError) -> SourceError:
    """The error as a parser speaks that knows what it met and what it wanted."""
    span = error.span
    if span is None:
        return error
    met = span.source.text[span.start : span.start + 1]
    word = re.match(r"\S*", span.source.text[span.start :])
    is_start = span.column == 1 and (word is None or word[0].upper() not in KEYWORDS)
    wanted = f"\nexpecting {_EXPECTED}" if is_start else ""
    shown = f"'{met}'" if met and met != "\n" else ("end of input" if not met else "newline")
    return SourceError(f"unexpected {shown}{wanted}", span=span)


def _refused_spans(one: Instruction, dockerfile: Dockerfile) -> Iterator[Span]:
    source = dockerfile.source
    if one.heredocs:
        yield from _refused_heredocs(one, source.text)
    match one:
        case Expose(ports=ports):
            yield from (port.span for port in ports if not _PORT.fullmatch(port.text.strip('"')))
        case From(image=image) if _TWO_TAGS.match(image.text):
            yield image.span
        case Copy() if (flag := one.flag("from")) is not None and not flag.value:
            yield flag.span
        case Run(command=ShellForm(text=text, span=span), heredocs=()) if not text:
            yield span
        case Run() | Cmd() | Entrypoint() if isinstance(one.command, ShellForm):
            if _is_half_json(one.command.text):
                yield one.command.span
        case Healthcheck():
            try:
                read_healthcheck(one)
            except SourceError as error:
                yield error.span or one.span


def _is_half_json(text: str) -> bool:
    """A JSON array with something behind it."""
    if not text.startswith('["'):
        return False
    import json

    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and bool(text[end:].strip())


def _refused_heredocs(one: Instruction, text: str) -> Iterator[Span]:
    if isinstance(one, Add):
        yield one.heredocs[0].span
    last = one.heredocs[-1].body_span
    terminator = text[last.end :].partition("\n")[0]
    if one.heredocs[-1].chomp and terminator.startswith("\t"):
        yield Span(last.source, last.end, last.end + 1)
    following = last.end + len(terminator) + 1
    next_line = text[following:].partition("\n")[0]
    if next_line.strip():
        yield Span(last.source, following, following + len(next_line))


def _blank_lines(span: Span) -> Iterator[Span]:
    """Lines inside of an instruction that hold blanks and nothing else."""
    at = span.start
    for line in span.text.split("\n"):
        if line and not line.strip():
            yield Span(span.source, at, at + len(line))
        at += len(line) + 1
