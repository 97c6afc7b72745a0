"""Owns the way from a Dockerfile to a plan: the phases in order, once for every target platform.

Read `make_plan` to see the whole compiler: scopes, expansion, target, resolution, evaluation, result. It refuses
details; each phase is a module.

Specification: section 4.1 and appendix C (the order in which errors surface).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lithify.cache.platform import Platform, normalise_platform
from lithify.compiler.checks import early_errors
from lithify.compiler.dependencies import Sources
from lithify.compiler.evaluate import Evaluation
from lithify.compiler.phases import ParsedStage, expand_stages, find_target, split_stages
from lithify.compiler.plan import Plan, PlannedImage
from lithify.compiler.resolve import resolve_target
from lithify.compiler.scopes import make_global_scope, platform_args
from lithify.compiler.steps import StepLabel, StepTable
from lithify.errors import SourceErrors, UsageError

if TYPE_CHECKING:
    from lithify.cache.ports import ImageResolver, ResolvedImage
    from lithify.compiler.origins import ImageOrigin
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Arg, Dockerfile


def make_plan(dockerfile: Dockerfile, options: BuildOptions, resolver: ImageResolver) -> Plan:
    """The steps that the options' target needs, and the image of each platform.

    Raises SourceErrors for a file that could not be read whole, SourceError and ImageNotFound for what is
    wrong with it, UsageError for options without any platform."""
    errors = early_errors(dockerfile)
    if errors:
        raise SourceErrors(errors)
    host = options.host or (options.platforms[0] if options.platforms else None)
    if host is None:
        raise UsageError("neither a host platform nor a target platform was given")
    head, stages = split_stages(dockerfile)
    planning = _Planning(dockerfile.escape, head, stages, options, resolver, host, StepTable())
    results = [planning.plan_for(platform) for platform in options.platforms or (host,)]
    outputs = [image.output for image, _ in results if image.output is not None]
    steps, numbers = planning.steps.pruned(outputs)
    images = tuple(
        image if image.output is None else replace(image, output=numbers[image.output])
        for image, _ in results
    )
    return Plan(steps, images, results[0][1])


@dataclass(frozen=True, slots=True)
class _Planning:
    """What is the same for all platforms."""

    escape: str
    head: tuple[Arg, ...]
    stages: tuple[ParsedStage, ...]
    options: BuildOptions
    resolver: ImageResolver
    host: Platform
    steps: StepTable
    images: dict[ImageOrigin, ResolvedImage] = field(default_factory=dict)

    def plan_for(self, platform: Platform) -> tuple[PlannedImage, int | None]:
        """The image for one platform, its steps added to the table; and the explicit epoch."""
        names = tuple(stage.name for stage in self.stages)
        asked = self.options.target or names[-1] or "default"
        scope = make_global_scope(
            self.head,
            platform_args(self.host, platform, asked),
            self.options,
            self.escape,
            frozenset(names),
        )
        expanded = expand_stages(self.stages, scope.variables, platform, self.options, self.escape)
        target = find_target(self.stages, self.options.target)
        sources = Sources(names, platform, self.options)
        resolution = resolve_target(expanded, target.index, sources, self.resolver, self.images)
        evaluation = Evaluation(resolution, sources, scope, self.options, self.escape, self.steps)
        evaluation.run()
        label = StepLabel(f"FROM {target.label}", target.label, target.source.span)
        state = evaluation.states[target.index]
        return self._image(state, evaluation.output(state, label), platform), scope.epoch

    def _image(self, state: StageState, output: int | None, platform: Platform) -> PlannedImage:
        labels = {**dict(state.config.labels), **dict(self.options.labels)}
        return PlannedImage(
            self._image_platform(state, platform),
            output,
            replace(state.config, labels=tuple(sorted(labels.items()))),
            state.history,
            state.base_history,
            state.author,
        )

    def _image_platform(self, state: StageState, asked: Platform) -> Platform:
        """The platform asked for explicitly labels the image, else the stage's own does."""
        own = state.platform
        if not self.options.platforms:
            return own
        is_same = (own.os, own.architecture) == (asked.os, asked.architecture)
        variant = asked.variant if asked.variant or not is_same else own.variant
        version = asked.os_version if asked.os_version or not is_same else own.os_version
        return normalise_platform(Platform(asked.os, asked.architecture, variant, version))
