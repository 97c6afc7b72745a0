"""Owns what SOURCE_DATE_EPOCH means: a number, or the name of something that has a time.

A time may be that of the build context, of a named context, or of the one remote source that a stage adds; asking for
it is an effect, so it comes through a port. It refuses to guess: whatever is none of these is an error.

Specification: section 7.6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from lithify.compiler.expansion import expand_word
from lithify.compiler.lower import remote
from lithify.errors import SourceError
from lithify.grammar.ast import Add, Arg, Instruction
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.plan import GitSource, UrlSource
    from lithify.errors import Span

EPOCH_ARG = "SOURCE_DATE_EPOCH"
_MAIN_CONTEXT = "context"
_SECONDS = re.compile(r"[0-9]{1,18}\Z")
_STAGE_HINT = "a stage that gives the time is `FROM scratch` with ARGs and one ADD of an address"


class SourceTimes(Protocol):
    """When sources last changed. Answers are seconds since 1970, None for what has no time."""

    def context_time(self, name: str) -> int | None:
        """Of the build context ('') or a named one; local directories have none. Raises BuildError."""

    def source_time(self, source: UrlSource | GitSource) -> int | None:
        """Of a remote source of ADD. Raises BuildError."""


@dataclass(frozen=True, slots=True)
class EpochNames:
    """What a value may name: `contexts` that have a time, and the file's stages."""

    contexts: frozenset[str] = frozenset()
    stages: Sequence[ParsedStage] = ()
    times: SourceTimes | None = None


def parse_epoch(
    text: str,
    names: EpochNames,
    variables: Mapping[str, str],
    build_args: Mapping[str, str],
    escape: str,
    span: Span | None,
) -> int | None:
    """Seconds since 1970; None if the value is empty or what it names has no time.

    Raises SourceError for a value that means nothing, BuildError when a source can't be reached."""
    if not text:
        return None
    if _SECONDS.match(text):
        return int(text)
    if text == _MAIN_CONTEXT:
        return names.times.context_time("") if names.times is not None else None
    if text in names.contexts:
        return names.times.context_time(text) if names.times is not None else None
    for stage in reversed(names.stages):
        if stage.name and stage.name == text.lower():
            source = _only_source(stage, variables, build_args, escape)
            return names.times.source_time(source) if names.times is not None else None
    hint = "give a number of seconds since 1970, `context`, or the name of a context or stage"
    raise SourceError(f"invalid {EPOCH_ARG}: {text}", span=span, hint=hint)


def _only_source(
    stage: ParsedStage, variables: Mapping[str, str], build_args: Mapping[str, str], escape: str
) -> UrlSource | GitSource:
    """The remote source that a stage consists of. Raises SourceError for any other stage."""
    if stage.source.image.text != "scratch":
        raise _unfit(f"{EPOCH_ARG} stage must use FROM scratch", stage.source.span)
    known: dict[str, str] = {}
    found: list[Add] = []
    for instruction in stage.instructions:
        if isinstance(instruction, Arg):
            _declare(instruction, known, variables, build_args, escape)
        elif isinstance(instruction, Add):
            found.append(instruction)
        else:
            raise _unfit(_unsupported(stage, instruction), instruction.span)
    if len(found) != 1 or len(found[0].sources) != 1 or found[0].heredocs:
        span = found[-1].span if found else stage.source.span
        raise _unfit(f"{EPOCH_ARG} stage must contain exactly one remote ADD", span)
    word = found[0].sources[0]
    address = expand_word(word, known, escape)
    try:
        if remote.is_git(address):
            return remote.parse_git(address)
        if remote.is_url(address):
            return remote.parse_url(address, "")
    except ValueError as error:
        raise SourceError(str(error), span=word.span) from error
    raise _unfit(f"{EPOCH_ARG} stage must contain exactly one remote ADD", word.span)


def _declare(
    instruction: Arg,
    known: dict[str, str],
    variables: Mapping[str, str],
    build_args: Mapping[str, str],
    escape: str,
) -> None:
    for declared in instruction.declarations:
        name = declared.name.text
        if name in build_args:
            known[name] = build_args[name]
        elif declared.default is not None:
            known[name] = expand_word(declared.default, known, escape)
        elif name in variables:
            known[name] = variables[name]


def _unsupported(stage: ParsedStage, instruction: Instruction) -> str:
    return (
        f"{EPOCH_ARG} stage {stage.label} does not meet source-only requirements: unsupported "
        f"{instruction.name} instruction"
    )


def _unfit(message: str, span: Span) -> SourceError:
    return SourceError(message, span=span, hint=_STAGE_HINT)
