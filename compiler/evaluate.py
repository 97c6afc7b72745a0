"""Owns the evaluation of reachable stages in file order: instructions become steps and a final state.

It is where the pure lowerings meet the list of steps: numbering, names for people, no-cache, and trees of other
stages. It refuses instructions' meanings.

Specification: sections 3.0 (names), 4.1 (step 7) and 5.7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.platform import normalise_platform
from lithify.compiler.expansion import show_variables
from lithify.compiler.lower.context import Lowering
from lithify.compiler.lower.registry import lower
from lithify.compiler.origins import (
    EmptyOrigin,
    ImageOrigin,
    LocalOrigin,
    Origin,
    StageOrigin,
    TargetOrigin,
)
from lithify.compiler.plan import (
    ContextTree,
    CopyOp,
    ImageOp,
    RunOp,
    ScratchTree,
    StepTree,
    Tree,
    TreeSource,
)
from lithify.compiler.state import (
    StageState,
    child_state,
    empty_state,
    image_state,
    result_state,
)
from lithify.compiler.steps import StepLabel, StepTable
from lithify.errors import SourceError
from lithify.grammar.ast import CopyLike, Run, Workdir
from lithify.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.dependencies import Need, Sources
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.resolve import Resolution, ResolvedStage
    from lithify.compiler.scopes import GlobalScope
    from lithify.errors import Span
    from lithify.grammar.ast import Instruction


#: Each state holds all settings before it: where only mistakes are sought, the rest of a stage that has more of them
#: than any person writes is passed over, for it would take quadratic time.
_MOST_SETTINGS_TRIED = 500


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One platform's evaluation; `states` grows stage by stage, `steps` is shared by platforms.

    `targets` gives the result of a target that is a named context. With `complain`, an instruction that is wrong is
    told to it and passed over instead of ending the evaluation."""

    resolution: Resolution
    sources: Sources
    scope: GlobalScope
    options: BuildOptions
    escape: str
    steps: StepTable
    targets: Callable[[TargetOrigin], StageState]
    states: dict[int, StageState] = field(default_factory=dict)
    complain: Callable[[SourceError], None] | None = None

    def run(self) -> None:
        """Evaluate all stages of the resolution. Raises SourceError."""
        for index, stage in self.resolution.stages.items():
            self.states[index] = StageEvaluation(self, stage).run()

    def output(self, state: StageState, label: StepLabel) -> int | None:
        """The step whose file system is the state's; None for an empty one."""
        return self.materialise(state.tree, state.platform, label)

    def materialise(self, tree: Tree, platform: Platform, label: StepLabel) -> int | None:
        """A tree as a step: a directory of the client becomes a copy of it."""
        if isinstance(tree, StepTree):
            return tree.step
        if isinstance(tree, ScratchTree):
            return None
        op = CopyOp("COPY", (TreeSource(tree, "/", "."),), "/")
        return self.steps.add(op, None, platform, label)

    def image_tree(self, image: ResolvedImage, platform: Platform, label: StepLabel) -> Tree:
        """An image as a tree; one without layers is empty and needs no step."""
        if not image.config.diff_ids:
            return ScratchTree()
        return StepTree(self.steps.add(ImageOp(image), None, platform, label))


@dataclass(frozen=True, slots=True)
class StageEvaluation:
    """The evaluation of one stage, and the finder of the trees it names."""

    whole: Evaluation
    resolved: ResolvedStage

    def run(self) -> StageState:
        """The state after the stage's last instruction. Raises SourceError."""
        stage = self.resolved.stage
        triggers = self.resolved.triggers
        counted = [one for one in (*triggers, *stage.instructions) if _makes_layer(one)]
        total = len(counted) + isinstance(stage.origin, ImageOrigin | LocalOrigin)
        state, done = self._start(total)
        for instruction in triggers:
            state, done = self._trigger(instruction, state, done, total)
        for instruction in stage.instructions:
            if self.whole.complain is not None:
                if state.settings > _MOST_SETTINGS_TRIED:
                    break
                state = replace(state, history=())
            state, done = self._step(instruction, state, done, total)
        return state

    def _start(self, total: int) -> tuple[StageState, int]:
        """The state before the first instruction, and how many steps were named for it."""
        stage, image = self.resolved.stage, self.resolved.image
        if isinstance(stage.origin, StageOrigin):
            parent = self.whole.states[stage.origin.index]
            span = stage.parsed.source.span
            name = f"{self._prefix(1, total, parent)}FROM {stage.parsed.source.image.text}"
            tree = self._rooted(parent.tree, parent.platform, StepLabel(name, self._label, span))
            return replace(child_state(parent), tree=tree), 0
        if isinstance(stage.origin, TargetOrigin):
            return self._from_target(stage.origin, stage.is_replaced), 0
        if image is not None:
            platform = self._image_platform(image)
            start = image_state(image.config, platform, ScratchTree())
            label = self._from_label(1, total, start, _pinned(image))
            tree = self.whole.image_tree(image, platform, label)
            if stage.is_replaced:
                start = start.with_config(
                    replace(start.config, on_build=image.config.config.on_build)
                )
            return replace(start, tree=tree), 1
        start = empty_state(stage.platform, ScratchTree())
        if isinstance(stage.origin, LocalOrigin):
            context = ContextTree(stage.origin.name)
            if stage.is_replaced:
                return replace(start, tree=context), 1
            label = self._from_label(1, total, start, stage.origin.name)
            return replace(start, tree=self._rooted(context, stage.platform, label)), 1
        return start, 0

    def _from_target(self, origin: TargetOrigin, is_replaced: bool) -> StageState:
        result = result_state(self.whole.targets(origin))
        if is_replaced:
            return result
        label = self._from_label(1, 1, result, origin.name)
        tree = self._rooted(result.tree, result.platform, label)
        return replace(child_state(result), tree=tree)

    @property
    def _label(self) -> str:
        return self.resolved.stage.parsed.label

    def _from_label(self, number: int, total: int, state: StageState, name: str) -> StepLabel:
        text = f"{self._prefix(number, total, state)}FROM {name}"
        return StepLabel(text, self._label, self.resolved.stage.parsed.source.span)

    def _rooted(self, tree: Tree, platform: Platform, label: StepLabel) -> Tree:
        step = self.whole.materialise(tree, platform, label)
        return ScratchTree() if step is None else StepTree(step)

    def _image_platform(self, image: ResolvedImage) -> Platform:
        """The image's own platform where it is the one asked for, else the one asked for."""
        asked = self.resolved.stage.platform
        own = normalise_platform(image.config.platform)
        is_same = (own.os, own.architecture) == (asked.os, asked.architecture)
        return own if is_same and not asked.variant else asked

    def _trigger(
        self, instruction: Instruction, state: StageState, done: int, total: int
    ) -> tuple[StageState, int]:
        """A step brought by the base; whatever is wrong with it is said of the FROM."""
        try:
            return self._step(instruction, state, done, total, inserted="ONBUILD ")
        except SourceError as error:
            span = self.resolved.stage.parsed.source.span
            message = f"{error.message} (in the trigger ONBUILD {instruction.name} of the base)"
            raise SourceError(message, span=span, hint=error.hint) from error

    def _step(
        self, instruction: Instruction, state: StageState, done: int, total: int, inserted: str = ""
    ) -> tuple[StageState, int]:
        whole = self.whole
        lowering = Lowering(whole.scope, whole.options, whole.escape, self)
        try:
            change = lower(instruction, state, lowering)
        except SourceError as error:
            if whole.complain is None:
                raise
            whole.complain(error)
            return state, done + _makes_layer(instruction)
        if change.op is None:
            return change.state, done + _makes_layer(instruction)
        text = show_variables(shown(instruction), state.variables)
        name = f"{self._prefix(done + 1, total, state)}{inserted}{text} {change.summary}".rstrip()
        parent = change.state.tree
        step = whole.steps.add(
            change.op,
            parent.step if isinstance(parent, StepTree) else None,
            state.platform,
            StepLabel(name, self._label, instruction.span),
            no_cache=isinstance(change.op, RunOp | CopyOp) and self._is_uncached(),
        )
        return replace(change.state, tree=StepTree(step)), done + 1

    def _is_uncached(self) -> bool:
        options, name = self.whole.options, self.resolved.stage.parsed.name
        return options.no_cache or bool(
            name and name in {one.lower() for one in options.no_cache_filter}
        )

    def _prefix(self, number: int, total: int, state: StageState) -> str:
        """`[linux/amd64->arm64 build 2/5] `; the stage only if there are several."""
        parts = [f"{number}/{total}"]
        if len(self.whole.sources.names) > 1:
            parts.insert(0, self._label)
        if len(self.whole.options.platforms) > 1:
            parts.insert(0, _shown_platform(state))
        return f"[{' '.join(parts)}] "

    def find(self, need: Need, mount_target: str = "") -> Tree:
        """The tree of a `from` (TreeFinder). Raises SourceError for a stage that comes later."""
        origin = self.whole.sources.origin(need)
        if isinstance(origin, StageOrigin):
            if origin.index not in self.whole.states:
                raise SourceError(self._too_early(origin, need, mount_target), span=need.span)
            return self.whole.states[origin.index].tree
        return self._sideways(origin, need.span)

    def _too_early(self, origin: StageOrigin, need: Need, mount_target: str) -> str:
        name = self.whole.sources.names[origin.index] or need.value
        if mount_target:
            return (
                f'cannot mount from stage "{name}" to "{mount_target}", stage needs to be defined '
                "before current command"
            )
        return (
            f'cannot copy from stage "{name}", it needs to be defined before current stage '
            f'"{self._label}"'
        )

    def _sideways(self, origin: Origin, span: Span) -> Tree:
        match origin:
            case LocalOrigin(name):
                return ContextTree(name)
            case TargetOrigin():
                return self.whole.targets(origin).tree
            case ImageOrigin(platform=platform):
                image = self.whole.resolution.images[origin]
                label = StepLabel(f"FROM {_pinned(image)}", self._label, span)
                return self.whole.image_tree(image, platform, label)
            case EmptyOrigin() | StageOrigin():
                return ScratchTree()


def _makes_layer(instruction: Instruction) -> bool:
    return isinstance(instruction, Run | CopyLike | Workdir)


def _pinned(image: ResolvedImage) -> str:
    if "@" in image.reference:
        return image.reference
    return f"{image.reference}@{image.manifest.digest}"


def shown(instruction: Instruction) -> str:
    flags = (
        f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"
        for flag in instruction.flags
    )
    return " ".join(filter(None, (instruction.name, *flags, instruction.rest)))


def _shown_platform(state: StageState) -> str:
    """The platform, and behind `->` the one that is built for, if the stage knows another."""
    variables, own = state.variables, state.platform
    target_os = variables.get("TARGETOS", own.os)
    target = "/".join(
        filter(None, (variables.get("TARGETARCH", ""), variables.get("TARGETVARIANT", "")))
    )
    target = target or "/".join(filter(None, (own.architecture, own.variant)))
    if target_os != own.os:
        return f"{own}->{target_os}/{target}"
    if target != "/".join(filter(None, (own.architecture, own.variant))):
        return f"{own}->{target}"
    return str(own)
