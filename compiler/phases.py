"""Owns the phases of a stage before it is lowered: as parsed, then expanded; and the steps between.

Each phase has its own type, so that a stage whose FROM is not expanded cannot be resolved, and one that is not
resolved cannot be lowered (`resolve.py` makes the third). It refuses instructions: only FROM is looked at.

Specification: sections 3.1, 4.1 and 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.platform import Platform, parse_platform
from lithify.compiler.expansion import expand_text
from lithify.compiler.origins import Origin, StageOrigin, base_origin, context_origin
from lithify.errors import SourceError, closest
from lithify.grammar.ast import Arg, From
from lithify.grammar.words import ExpansionError, expand
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.compiler.plan import BuildOptions
    from lithify.grammar.ast import Dockerfile, Flag, Instruction


@dataclass(frozen=True, slots=True)
class ParsedStage:
    """A FROM and what follows it; `name` in lower case, '' if it has none."""

    index: int
    name: str
    source: From
    instructions: tuple[Instruction, ...]

    @property
    def label(self) -> str:
        """What the stage is called in step names and messages."""
        return self.name or f"stage-{self.index}"


@dataclass(frozen=True, slots=True)
class ExpandedStage:
    """A stage whose FROM is a known name for a known platform.

    `is_replaced`: a named context has taken the stage's place, its instructions do not count."""

    parsed: ParsedStage
    origin: Origin
    platform: Platform
    is_replaced: bool = False

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return () if self.is_replaced else self.parsed.instructions


def split_stages(file: Dockerfile) -> tuple[tuple[Arg, ...], tuple[ParsedStage, ...]]:
    """The ARGs before the first FROM, and the stages, of a file without errors."""
    starts = [i for i, one in enumerate(file.instructions) if isinstance(one, From)]
    assert starts, "the parser reports a file without stages"
    head = tuple(one for one in file.instructions[: starts[0]] if isinstance(one, Arg))
    ends = [*starts[1:], len(file.instructions)]
    pieces = enumerate(zip(starts, ends, strict=True))
    return head, tuple(_parsed(file, index, at) for index, at in pieces)


def _parsed(file: Dockerfile, index: int, at: tuple[int, int]) -> ParsedStage:
    source = file.instructions[at[0]]
    assert isinstance(source, From)
    name = source.alias.text.lower() if source.alias else ""
    return ParsedStage(index, name, source, file.instructions[at[0] + 1 : at[1]])


def expand_stages(
    stages: tuple[ParsedStage, ...],
    variables: Mapping[str, str],
    target: Platform,
    options: BuildOptions,
    escape: str,
) -> tuple[ExpandedStage, ...]:
    """Expand every FROM in the global scope, reachable or not. Raises SourceError."""
    names = tuple(stage.name for stage in stages)
    done: list[ExpandedStage] = []
    for stage in stages:
        platform = _stage_platform(stage.source, variables, target, options, escape)
        name = expand_text(stage.source.image.text, variables, escape, stage.source.image.span)
        if not name.strip():
            raise SourceError(
                f"base name ({stage.source.image.text}) should not be blank",
                span=stage.source.image.span,
                hint="give the ARG a default before the first FROM, or pass --build-arg",
            )
        origin = base_origin(name, names[: stage.index], platform, options)
        replacement = context_origin(stage.name, platform, options) if stage.name else None
        if replacement is not None:
            done.append(ExpandedStage(stage, replacement, platform, is_replaced=True))
            continue
        if isinstance(origin, StageOrigin):
            platform = done[origin.index].platform
        done.append(ExpandedStage(stage, origin, platform))
    return tuple(done)


def _stage_platform(
    source: From,
    variables: Mapping[str, str],
    target: Platform,
    options: BuildOptions,
    escape: str,
) -> Platform:
    flag = source.flag("platform")
    if flag is None or not flag.value:
        return target
    text = _expand_platform(flag, flag.value, variables, escape)
    try:
        return parse_platform(text, options.host or target)
    except ValueError as error:
        raise SourceError(f"failed to parse platform {text}: {error}", span=flag.span) from error


def _expand_platform(flag: Flag, value: str, variables: Mapping[str, str], escape: str) -> str:
    try:
        expansion = expand(value, variables, escape)
    except ExpansionError as error:
        raise SourceError(error.message, span=flag.span) from error
    if expansion.value:
        return expansion.value
    guesses = (closest(name, tuple(variables)) for name in sorted(expansion.missing))
    raise SourceError(
        f"empty platform value from expression {value}",
        span=flag.span,
        suggestion=next(filter(None, guesses), ""),
    )


def find_target(stages: tuple[ParsedStage, ...], name: str) -> ParsedStage:
    """The stage to build: the last one of that name in the file, or simply the last.

    Raises SourceError with a suggestion; a number is never an index (section 4.1)."""
    if not name:
        return stages[-1]
    lowered = name.lower()
    for stage in reversed(stages):
        if stage.name and stage.name == lowered:
            return stage
    names = tuple(dict.fromkeys(stage.name for stage in stages if stage.name))
    raise SourceError(
        f'target stage "{name}" could not be found',
        suggestion=closest(lowered, names),
        hint=f"the file's stages are: {', '.join(names)}" if names else "no stage has a name",
    )
