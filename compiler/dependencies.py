"""Owns which stages and images a stage needs: FROM, COPY --from, RUN --mount from=, and triggers.

Edges are found without lowering anything, because unreachable stages must neither be evaluated nor resolved.
It refuses order: that a stage must stand before its user is checked when the user is evaluated.

Specification: sections 4.1 and 4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.graph import find_cycle_start
from lithify.compiler.origins import Origin, StageOrigin, numbered_origin, source_origin
from lithify.errors import SourceError
from lithify.grammar.ast import Copy, Onbuild, Run
from lithify.grammar.parser import parse_mount
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lithify.cache.platform import Platform
    from lithify.compiler.phases import ExpandedStage
    from lithify.compiler.plan import BuildOptions
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction

_VARIABLE_IN_FROM = (
    "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
    "global scope as a workaround"
)


@dataclass(frozen=True, slots=True)
class Need:
    """One use of a file system sideways: `value` as written in `from`, and where."""

    value: str
    span: Span
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """How names after `from` are understood: the file's stages and the platform of images."""

    names: tuple[str, ...]
    platform: Platform
    options: BuildOptions

    def origin(self, need: Need) -> Origin:
        """What a `from` names. Raises SourceError for a stage number that is out of range."""
        numbered = None
        if need.is_copy:
            numbered = numbered_origin(need.value, len(self.names), need.span)
        return numbered or source_origin(need.value, self.names, self.platform, self.options)


def instruction_needs(instruction: Instruction) -> Iterator[Need]:
    """Every `from` of an instruction. Raises SourceError for variables in one."""
    if isinstance(instruction, Copy):
        flag = instruction.flag("from")
        if flag is not None and flag.value:
            if "$" in flag.value:
                raise SourceError(_VARIABLE_IN_FROM, span=flag.span)
            yield Need(flag.value, flag.span, is_copy=True)
    elif isinstance(instruction, Run):
        for flag in instruction.flags:
            if flag.name != "mount" or not flag.value:
                continue
            for key, value in parse_mount(flag.value, flag.span):
                if key == "from" and value:
                    yield Need(value, flag.span, is_copy=False)


def declared_triggers(stage: ExpandedStage) -> tuple[str, ...]:
    """The texts of a stage's own ONBUILDs."""
    return tuple(one.trigger for one in stage.instructions if isinstance(one, Onbuild))


def stage_edges(
    stages: Sequence[ExpandedStage],
    triggers: Mapping[int, tuple[Instruction, ...]],
    sources: Sources,
) -> dict[int, dict[int, Span]]:
    """For every stage the stages it needs, each with the place that says so. Raises SourceError."""
    edges: dict[int, dict[int, Span]] = {}
    for index, stage in enumerate(stages):
        needed: dict[int, Span] = {}
        if isinstance(stage.origin, StageOrigin):
            needed[stage.origin.index] = stage.parsed.source.image.span
        for instruction in (*triggers.get(index, ()), *stage.instructions):
            for need in instruction_needs(instruction):
                origin = sources.origin(need)
                if isinstance(origin, StageOrigin):
                    needed.setdefault(origin.index, need.span)
        edges[index] = needed
    return edges


def refuse_cycles(stages: Sequence[ExpandedStage], edges: Mapping[int, Mapping[int, Span]]) -> None:
    """Raises SourceError at the first stage from which stages lead back to one on the way."""
    found = find_cycle_start(edges)
    if found is None:
        return
    start, (user, needed) = found
    raise SourceError(
        f"circular dependency detected on stage: {stages[start].parsed.label}",
        span=edges[user][needed],
        hint="a stage cannot use its own result, directly or through other stages",
    )
