"""Owns the way from a Dockerfile to a plan: the phases in order, once for every target platform.

Read `make_plan` to see the whole compiler: scopes, expansion, target, resolution, evaluation, result. It refuses
details; each phase is a module.

Specification: section 4.1 and appendix C (the order in which errors surface).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.platform import Platform, normalise_platform
from lithify.compiler.checks import early_errors
from lithify.compiler.dependencies import Sources
from lithify.compiler.epoch import EpochNames
from lithify.compiler.evaluate import Evaluation
from lithify.compiler.phases import ParsedStage, expand_stages, find_target, split_stages
from lithify.compiler.plan import Plan, PlannedImage
from lithify.compiler.resolve import resolve_targets
from lithify.compiler.scopes import make_global_scope, platform_args
from lithify.compiler.steps import StepLabel, StepTable
from lithify.errors import SourceErrors, UsageError
from lithify.values import dataclass, field, replace

if TYPE_CHECKING:
    from lithify.cache.ports import ImageResolver, ResolvedImage
    from lithify.compiler.origins import ImageOrigin, TargetOrigin
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.resolve import Resolution
    from lithify.compiler.scopes import GlobalScope
    from lithify.compiler.state import StageState
    from lithify.grammar.ast import Arg, Dockerfile


@dataclass(slots=True)
class Watch:
    """What can be seen on the way to a plan, also if it leads nowhere: of the first platform.

    With `every_stage`, stages that the target does not need are resolved and evaluated as well."""

    every_stage: bool = False
    scope: GlobalScope | None = None
    resolution: Resolution | None = None


def make_plan(
    dockerfile: Dockerfile,
    options: BuildOptions,
    resolver: ImageResolver,
    watch: Watch | None = None,
) -> Plan:
    """The steps that the options' target needs, and the image of each platform.

    `watch` is filled in while planning. Raises SourceErrors for a file that could not be read whole, SourceError and ImageNotFound for what is
    wrong with it, UsageError for options without any platform."""
    errors = early_errors(dockerfile)
    if errors:
        raise SourceErrors(errors)
    host = options.host or (options.platforms[0] if options.platforms else None)
    if host is None:
        raise UsageError("neither a host platform nor a target platform was given")
    head, stages = split_stages(dockerfile)
    planning = _Planning(
        dockerfile.escape, head, stages, options, resolver, host, StepTable(), watch or Watch()
    )
    results = [planning.plan_for(platform) for platform in options.platforms or (host,)]
    outputs = [image.output for image, _ in results if image.output is not None]
    steps, numbers = planning.steps.pruned(outputs)
    images = tuple(
        image if image.output is None else replace(image, output=numbers[image.output])
        for image, _ in results
    )
    return Plan(steps, images, results[0][1])


#: The target, its platform, and the targets that are contexts for it.
_Target = tuple[str, Platform, tuple[tuple[str, str], ...]]


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
    watch: Watch
    images: dict[ImageOrigin, ResolvedImage] = field(default_factory=dict)
    targets: dict[_Target, StageState] = field(default_factory=dict)

    def plan_for(self, platform: Platform) -> tuple[PlannedImage, int | None]:
        """The image for one platform, its steps added to the table; and the explicit epoch."""
        evaluation, target = self._evaluated(platform)
        label = StepLabel(f"FROM {target.label}", target.label, target.source.span)
        state = evaluation.states[target.index]
        output = evaluation.output(state, label)
        return self._image(state, output, platform), evaluation.scope.epoch

    def _evaluated(self, platform: Platform) -> tuple[Evaluation, ParsedStage]:
        names = tuple(stage.name for stage in self.stages)
        asked = self.options.target or names[-1] or "default"
        scope = make_global_scope(
            self.head,
            platform_args(self.host, platform, asked),
            self.options,
            self.escape,
            EpochNames(self.options.local_contexts, self.stages, self.options.times),
        )
        self.watch.scope = self.watch.scope or scope
        expanded = expand_stages(self.stages, scope.variables, platform, self.options, self.escape)
        target = find_target(self.stages, self.options.target)
        sources = Sources(names, platform, self.options)
        wanted = range(len(self.stages)) if self.watch.every_stage else (target.index,)
        resolution = resolve_targets(expanded, wanted, sources, self.resolver, self.images)
        self.watch.resolution = self.watch.resolution or resolution
        evaluation = Evaluation(
            resolution, sources, scope, self.options, self.escape, self.steps, self._result
        )
        evaluation.run()
        return evaluation, target

    def _result(self, origin: TargetOrigin) -> StageState:
        """The result of another target, built apart: for it that context does not exist, so none needs itself."""
        others = tuple(one for one in self.options.target_contexts if one[0] != origin.name)
        known = (origin.target, origin.platform, others)
        if known not in self.targets:
            options = replace(self.options, target=origin.target, target_contexts=others)
            apart = replace(self, options=options, watch=Watch())
            evaluation, target = apart._evaluated(origin.platform)
            self.targets[known] = evaluation.states[target.index]
        return self.targets[known]

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
