"""Owns the resolution of what a target needs: images of reachable stages and the triggers they bring.

Triggers may name further stages and images, so resolving and finding dependencies repeat until nothing new
appears. It refuses to lower: the result is a third phase of stages.

Specification: sections 3.12, 4.1 (steps 4 to 6) and 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.cache.reference import InvalidReference, parse_reference
from lithify.compiler.dependencies import (
    Sources,
    declared_triggers,
    instruction_needs,
    refuse_cycles,
    stage_edges,
)
from lithify.compiler.graph import reachable
from lithify.compiler.origins import ImageOrigin, StageOrigin
from lithify.errors import ImageNotFound, SourceError, closest
from lithify.grammar.parser import parse_trigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.ports import ImageResolver, ResolvedImage
    from lithify.compiler.phases import ExpandedStage
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction

_COMMON_IMAGES = ("alpine", "busybox", "centos", "debian", "fedora", "golang", "nginx", "node",
                  "python", "ubuntu")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResolvedStage:
    """A reachable stage with its base image, if it has one, and the triggers to run first."""

    stage: ExpandedStage
    image: ResolvedImage | None
    triggers: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """All that a target needs: stages by number in file order, and images by origin."""

    stages: Mapping[int, ResolvedStage]
    images: Mapping[ImageOrigin, ResolvedImage]


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves stages one by one; `images` remembers answers so that each is asked for once."""

    port: ImageResolver
    sources: Sources
    images: dict[ImageOrigin, ResolvedImage]

    def image(self, origin: ImageOrigin, span: Span) -> ResolvedImage:
        """Raises ImageNotFound with the place and a suggestion."""
        if origin in self.images:
            return self.images[origin]
        try:
            if origin.reference == origin.written:
                parse_reference(origin.reference)
            image = self.port.resolve(origin.reference, origin.platform)
        except InvalidReference as error:
            message = f"{origin.written}: {error.message}"
            raise SourceError(message, span=span, suggestion=self._guess(origin)) from error
        except ImageNotFound as error:
            guess = self._guess(origin)
            tail = f" (did you mean {guess}?)" if guess else ""
            message = f"{origin.written}: failed to resolve source metadata: {error.message}{tail}"
            raise ImageNotFound(message, span=span, hint=error.hint) from error
        self.images[origin] = image
        return image

    def _guess(self, origin: ImageOrigin) -> str:
        names = tuple(filter(None, self.sources.names))
        return closest(origin.written, (*names, *_COMMON_IMAGES))

    def stage(self, stage: ExpandedStage, stages: tuple[ExpandedStage, ...]) -> ResolvedStage:
        """Raises ImageNotFound, and SourceError for a bad trigger."""
        span = stage.parsed.source.image.span
        if isinstance(stage.origin, ImageOrigin):
            image = self.image(stage.origin, span)
            texts = () if stage.is_replaced else image.config.config.on_build
            return ResolvedStage(stage, image, self._triggers(stage, texts))
        if isinstance(stage.origin, StageOrigin):
            return ResolvedStage(stage, None, self._inherited(stage, stages[stage.origin.index]))
        return ResolvedStage(stage, None, ())

    def _inherited(self, stage: ExpandedStage, parent: ExpandedStage) -> tuple[Instruction, ...]:
        if parent.is_replaced and isinstance(parent.origin, ImageOrigin):
            image = self.image(parent.origin, parent.parsed.source.image.span)
            return self._triggers(stage, image.config.config.on_build)
        return self._triggers(stage, declared_triggers(parent))

    def _triggers(self, stage: ExpandedStage, texts: tuple[str, ...]) -> tuple[Instruction, ...]:
        span = stage.parsed.source.span
        return tuple(parse_trigger(text, span.source, span) for text in texts)


def resolve_target(
    stages: tuple[ExpandedStage, ...],
    target: int,
    sources: Sources,
    port: ImageResolver,
    images: dict[ImageOrigin, ResolvedImage],
) -> Resolution:
    """Resolve what the target needs and nothing else.

    `images` remembers answers, so that all platforms of a build mean the same images by a name. Raises
    SourceError and ImageNotFound."""
    resolver = Resolver(port, sources, images)
    done: dict[int, ResolvedStage] = {}
    while True:
        triggers = {index: stage.triggers for index, stage in done.items()}
        edges = stage_edges(stages, triggers, sources)
        refuse_cycles(stages, edges)
        fresh = reachable(edges, target) - done.keys()
        if not fresh:
            break
        for index in sorted(fresh):
            done[index] = resolver.stage(stages[index], stages)
    for _, stage in sorted(done.items()):
        _resolve_sideways(stage, resolver)
    return Resolution(dict(sorted(done.items())), resolver.images)


def _resolve_sideways(stage: ResolvedStage, resolver: Resolver) -> None:
    for instruction in (*stage.triggers, *stage.stage.instructions):
        for need in instruction_needs(instruction):
            origin = resolver.sources.origin(need)
            if isinstance(origin, ImageOrigin):
                resolver.image(origin, need.span)
