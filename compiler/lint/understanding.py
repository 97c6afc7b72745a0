"""Owns how much of a file is understood when nothing may stop the reading: stages, variables, and every mistake.

A plan is made of a file without mistakes for one target; checks want to see all stages of any file, and each mistake
once. So every phase is run piece by piece, and what fails is remembered and passed over. It refuses cycles their due:
a stage that is used before it is there is a mistake of the instruction that uses it, found in file order.

Specification: appendix C; sections 4.1 and 4.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.cache.platform import Platform
from lithify.compiler.checks import early_errors
from lithify.compiler.dependencies import Sources, instruction_needs
from lithify.compiler.evaluate import Evaluation
from lithify.compiler.lint.context import Section
from lithify.compiler.offline import unknown_image
from lithify.compiler.origins import ImageOrigin
from lithify.compiler.phases import ExpandedStage, expand_stages, split_stages
from lithify.compiler.plan import ScratchTree
from lithify.compiler.resolve import Resolution, ResolvedStage, Resolver
from lithify.compiler.scopes import GlobalScope, make_global_scope, platform_args
from lithify.compiler.state import empty_state
from lithify.compiler.steps import StepTable
from lithify.compiler.survey import survey
from lithify.errors import LithifyError, SourceError
from lithify.grammar.ast import Arg, Copy, From, Run
from lithify.grammar.file import NO_STAGES
from lithify.values import replace

if TYPE_CHECKING:
    from lithify.cache.ports import ImageResolver
    from lithify.compiler.origins import TargetOrigin
    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.state import StageState
    from lithify.compiler.survey import SurveyedStage
    from lithify.grammar.ast import Dockerfile, Instruction

_NOWHERE = Platform("linux", "amd64")


class Understood(NamedTuple):
    """What can be said of a file, whatever is wrong with it.

    `unreadable` are mistakes of the text, `impossible` those of what it means; each in file order."""

    sections: tuple[Section, ...]
    head: tuple[Arg, ...] = ()
    stages: tuple[ParsedStage, ...] = ()
    scope: GlobalScope | None = None
    reached: tuple[SurveyedStage, ...] = ()
    unreadable: tuple[SourceError, ...] = ()
    impossible: tuple[SourceError, ...] = ()


def understand(
    dockerfile: Dockerfile, options: BuildOptions, resolver: ImageResolver, *, deeply: bool = True
) -> Understood:
    """Look at all stages of a file. `deeply` also tries every instruction for what is impossible."""
    sections = tuple(_sections(dockerfile.instructions))
    # A file of ARGs alone is a piece of one.
    unreadable = tuple(one for one in early_errors(dockerfile) if one.message != NO_STAGES)
    if not any(section.source for section in sections):
        return Understood(sections, unreadable=unreadable)
    head, stages = split_stages(dockerfile)
    looking = _Looking(dockerfile, options, resolver)
    scope = looking.scope(head, stages)
    expanded = looking.expanded(stages, scope)
    resolution = looking.resolved(expanded, stages)
    reached = survey(resolution, scope, dockerfile.escape)
    if deeply:
        looking.try_all(resolution, stages, scope)
    known = {_place(error) for error in unreadable}
    impossible = tuple(
        sorted((one for one in looking.errors if _place(one) not in known), key=_place)
    )
    return Understood(sections, head, stages, scope, reached, unreadable, impossible)


def _place(error: SourceError) -> int:
    return error.span.start if error.span is not None else -1


def _sections(instructions: tuple[Instruction, ...]) -> list[Section]:
    starts = [at for at, one in enumerate(instructions) if isinstance(one, From)]
    if not starts:
        return [Section(None, instructions)] if instructions else []
    ends = [*starts[1:], len(instructions)]
    made = []
    for start, end in zip(starts, ends, strict=True):
        source = instructions[start]
        assert isinstance(source, From)
        made.append(Section(source, instructions[start + 1 : end]))
    return made


class _Looking:
    """One look at a file; `errors` grows."""

    def __init__(
        self, dockerfile: Dockerfile, options: BuildOptions, resolver: ImageResolver
    ) -> None:
        self._file = dockerfile
        self._options = options
        self._resolver = resolver
        self._platform = (*options.platforms, options.host or _NOWHERE)[0]
        self.errors: list[SourceError] = []

    def scope(self, head: tuple[Arg, ...], stages: tuple[ParsedStage, ...]) -> GlobalScope:
        """What FROM sees; an ARG that cannot be expanded is left out."""
        options, platform = self._options, self._platform
        asked = options.target or stages[-1].name or "default"
        automatic = platform_args(options.host or platform, platform, asked)
        fine: tuple[Arg, ...] = ()
        for arg in head:
            try:
                make_global_scope((*fine, arg), automatic, options, self._file.escape)
            except LithifyError as error:
                self._note(error)
            else:
                fine = (*fine, arg)
        return make_global_scope(fine, automatic, options, self._file.escape)

    def expanded(
        self, stages: tuple[ParsedStage, ...], scope: GlobalScope
    ) -> tuple[ExpandedStage, ...]:
        """Every stage; one whose FROM has no value yet stands on an image of unknown name."""
        done: list[ExpandedStage] = []
        arguments = (scope.variables, self._platform, self._options, self._file.escape)
        try:
            return expand_stages(stages, *arguments)
        except SourceError:
            pass
        for stage in stages:
            known = tuple(self._standing_in(one) for one in done)
            try:
                fresh = expand_stages((*known, stage), *arguments)[-1]
            except SourceError as error:
                self._note_of_from(error, stage)
                text = stage.source.image.text
                fresh = ExpandedStage(
                    stage, ImageOrigin(text, self._platform, text), self._platform
                )
            done.append(replace(fresh, parsed=stage))
        return tuple(done)

    def _standing_in(self, stage: ExpandedStage) -> ParsedStage:
        """A stage of the same name whose FROM is sure to expand."""
        source = stage.parsed.source
        return replace(
            stage.parsed,
            source=replace(source, image=replace(source.image, text="scratch"), flags=()),
        )

    def resolved(
        self, expanded: tuple[ExpandedStage, ...], stages: tuple[ParsedStage, ...]
    ) -> Resolution:
        """Every stage with its image; one that is not to be had is unknown."""
        sources = Sources(tuple(stage.name for stage in stages), self._platform, self._options)
        resolver = Resolver(self._resolver, sources, {})
        found: dict[int, ResolvedStage] = {}
        for index, stage in enumerate(expanded):
            try:
                found[index] = resolver.stage(stage, expanded)
            except LithifyError as error:
                self._note_of_from(error, stage.parsed)
                found[index] = ResolvedStage(stage, None, ())
        return Resolution(found, resolver.images)

    def try_all(
        self, resolution: Resolution, stages: tuple[ParsedStage, ...], scope: GlobalScope
    ) -> None:
        """Evaluate every instruction for the sake of its mistakes."""
        sources = Sources(tuple(stage.name for stage in stages), self._platform, self._options)
        resolver = Resolver(self._resolver, sources, dict(resolution.images))
        for stage in resolution.stages.values():
            for instruction in (*stage.triggers, *stage.stage.instructions):
                self._resolve_sideways(instruction, resolver)
        whole = Resolution(resolution.stages, resolver.images)
        arguments = (whole, sources, scope, self._options, self._file.escape, StepTable())
        Evaluation(*arguments, self._nothing, complain=self._note).run()

    def _resolve_sideways(self, instruction: Instruction, resolver: Resolver) -> None:
        if not isinstance(instruction, Copy | Run) or not instruction.flags:
            return
        try:
            for need in instruction_needs(instruction):
                origin = resolver.sources.origin(need)
                if isinstance(origin, ImageOrigin):
                    try:
                        resolver.image(origin, need.span)
                    except LithifyError as error:
                        self._note(error)
                        resolver.images[origin] = unknown_image(origin.written, origin.platform)
        except SourceError as error:
            self._note(error)

    def _nothing(self, origin: TargetOrigin) -> StageState:
        """The result of another target is not looked into."""
        return empty_state(origin.platform, ScratchTree())

    def _note(self, error: LithifyError) -> None:
        if isinstance(error, SourceError) and all(
            _place(error) != _place(one) for one in self.errors
        ):
            self.errors.append(error)

    def _note_of_from(self, error: LithifyError, stage: ParsedStage) -> None:
        """What depends on a value may be right with the next one; the checks of variables speak of it."""
        source = stage.source
        texts = (source.image.text, *(flag.value or "" for flag in source.flags))
        if not any("$" in text for text in texts):
            self._note(error)
