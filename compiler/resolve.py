"""Owns the resolution of what a target needs: images of reachable stages and the triggers they bring.

Triggers may name further stages and images, so resolving and finding dependencies repeat until nothing new
appears. It refuses to lower: the result is a third phase of stages.

Specification: sections 3.12, 4.1 (steps 4 to 6) and 4.2.
"""

from __future__ import annotations

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
from lithify.compiler.origins import ImageOrigin, StageOrigin, TargetOrigin
from lithify.errors import ContentError, ImageNotFound, RegistryError, SourceError, closest
from lithify.grammar.parser import parse_trigger
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
    """All that targets need: stages by number in file order, and images by origin."""

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
        except (RegistryError, ContentError) as error:
            error.span = span
            error.message = f"{origin.written}: {error.message}"
            raise
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
            return ResolvedStage(stage, None, self._inherited(stage, stages))
        if isinstance(stage.origin, TargetOrigin) and not stage.is_replaced:
            texts = _target_triggers(stage.origin, stages)
            return ResolvedStage(stage, None, self._triggers(stage, texts))
        return ResolvedStage(stage, None, ())

    def _inherited(
        self, stage: ExpandedStage, stages: tuple[ExpandedStage, ...]
    ) -> tuple[Instruction, ...]:
        assert isinstance(stage.origin, StageOrigin)
        parent = stages[stage.origin.index]
        if parent.is_replaced and isinstance(parent.origin, ImageOrigin):
            image = self.image(parent.origin, parent.parsed.source.image.span)
            return self._triggers(stage, image.config.config.on_build)
        if parent.is_replaced and isinstance(parent.origin, TargetOrigin):
            return self._triggers(stage, _target_triggers(parent.origin, stages))
        return self._triggers(stage, declared_triggers(parent))

    def _triggers(self, stage: ExpandedStage, texts: tuple[str, ...]) -> tuple[Instruction, ...]:
        span = stage.parsed.source.span
        return tuple(parse_trigger(text, span.source, span) for text in texts)


def _target_triggers(origin: TargetOrigin, stages: tuple[ExpandedStage, ...]) -> tuple[str, ...]:
    wanted = origin.target.lower()
    found = [stage for stage in stages if stage.parsed.name and stage.parsed.name == wanted]
    return declared_triggers(found[-1]) if found else ()


def resolve_targets(
    stages: tuple[ExpandedStage, ...],
    targets: Collection[int],
    sources: Sources,
    port: ImageResolver,
    images: dict[ImageOrigin, ResolvedImage],
) -> Resolution:
    """Resolve what the targets need and nothing else.

    `images` remembers answers, so that all platforms of a build mean the same images by a name. Raises
    SourceError and ImageNotFound."""
    resolver = Resolver(port, sources, images)
    done: dict[int, ResolvedStage] = {}
    while True:
        triggers = {index: stage.triggers for index, stage in done.items()}
        edges = stage_edges(stages, triggers, sources)
        refuse_cycles(stages, edges)
        needed = frozenset[int]().union(*(reachable(edges, target) for target in targets))
        fresh = needed - done.keys()
        if not fresh:
            break
        missing = []
        for index in sorted(fresh):
            try:
                done[index] = resolver.stage(stages[index], stages)
            except ImageNotFound as error:
                missing.append(error)
        if missing:
            raise _all_missing(missing)
    for _, stage in sorted(done.items()):
        _resolve_sideways(stage, resolver)
    return Resolution(dict(sorted(done.items())), resolver.images)


def _all_missing(missing: list[ImageNotFound]) -> ImageNotFound:
    """The first error, telling of the others: without a network they are fetched elsewhere, at once."""
    first, *others = missing
    places = dict.fromkeys(
        f"{one.span.text} (line {one.span.line})" for one in others if one.span is not None
    )
    if places:
        others_too = f"these are missing as well: {', '.join(places)}"
        first.hint = f"{first.hint}; {others_too}" if first.hint else others_too
    return first


def _resolve_sideways(stage: ResolvedStage, resolver: Resolver) -> None:
    for instruction in (*stage.triggers, *stage.stage.instructions):
        for need in instruction_needs(instruction):
            origin = resolver.sources.origin(need)
            if isinstance(origin, ImageOrigin):
                resolver.image(origin, need.span)
