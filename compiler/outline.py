"""Owns what a Dockerfile offers to those who build it: its targets, and what one of them can be given.

Both are read off the file and its scopes, so they need no step and no content. It refuses rendering: the values here
are the answer.

Specification: sections 1.11 and 6.6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lithify.compiler.checks import early_errors
from lithify.compiler.lower.mount_fields import read_mount
from lithify.compiler.phases import find_target, split_stages
from lithify.compiler.stages import Watch, make_plan
from lithify.compiler.survey import survey
from lithify.errors import SourceErrors
from lithify.grammar.ast import Run
from lithify.grammar.words import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lithify.cache.ports import ImageResolver
    from lithify.compiler.phases import ParsedStage
    from lithify.compiler.plan import BuildOptions
    from lithify.compiler.scopes import GlobalScope
    from lithify.compiler.survey import Line, SurveyedStage
    from lithify.errors import SourceText, Span
    from lithify.grammar.ast import Arg, ArgDeclaration, Comment, Dockerfile


@dataclass(frozen=True, slots=True)
class OutlineArg:
    """A build argument that the target uses; `value` '' where it has none."""

    name: str
    value: str
    description: str
    span: Span


@dataclass(frozen=True, slots=True)
class OutlineMount:
    """A secret or an SSH agent that a RUN of the target uses."""

    name: str
    is_required: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Outline:
    """What a target can be given; everything in file order."""

    name: str
    description: str
    args: tuple[OutlineArg, ...]
    secrets: tuple[OutlineMount, ...]
    ssh: tuple[OutlineMount, ...]
    source: SourceText


@dataclass(frozen=True, slots=True)
class Target:
    """A stage that can be built; `base` and `platform` as written, '' for no name or platform."""

    name: str
    description: str
    base: str
    platform: str
    is_default: bool
    span: Span


def list_targets(dockerfile: Dockerfile) -> tuple[Target, ...]:
    """The stages of a file; the last one is built by default. Raises SourceErrors."""
    _, stages = split_stages(_readable(dockerfile))
    return tuple(_target(stage, stage is stages[-1]) for stage in stages)


def _target(stage: ParsedStage, is_default: bool) -> Target:
    flag = stage.source.flag("platform")
    return Target(
        stage.name,
        _description(stage.source.comments, stage.name),
        stage.source.image.text,
        (flag.value if flag is not None else None) or "",
        is_default,
        stage.source.span,
    )


def make_outline(dockerfile: Dockerfile, options: BuildOptions, resolver: ImageResolver) -> Outline:
    """What the options' target can be given. Raises SourceError, as planning it does."""
    head, stages = split_stages(_readable(dockerfile))
    watch = Watch()
    make_plan(dockerfile, replace(options, platforms=options.platforms[:1]), resolver, watch)
    assert watch.scope is not None and watch.resolution is not None, "planning fills the watch"
    reached = survey(watch.resolution, watch.scope, dockerfile.escape)
    target = find_target(stages, options.target)
    secrets, ssh = _mounts(line for stage in reached for line in stage.lines)
    return Outline(
        target.name,
        _description(target.source.comments, target.name),
        _arguments(head, reached, watch.scope, dockerfile.escape),
        secrets,
        ssh,
        dockerfile.source,
    )


def _readable(dockerfile: Dockerfile) -> Dockerfile:
    errors = early_errors(dockerfile)
    if errors:
        raise SourceErrors(errors)
    return dockerfile


def _description(comments: tuple[Comment, ...], name: str) -> str:
    """The first comment that begins with the name, without it."""
    prefix = f"{name} "
    texts = (one.text for one in comments if name)
    return next((one.removeprefix(prefix) for one in texts if one.startswith(prefix)), "")


def _arguments(
    head: tuple[Arg, ...], reached: tuple[SurveyedStage, ...], scope: GlobalScope, escape: str
) -> tuple[OutlineArg, ...]:
    """Those of reached stages, and of the head those that reached FROMs and ARGs refer to."""
    found: dict[str, OutlineArg] = {}
    wanted: set[str] = set()
    for stage in reached:
        flag = stage.parsed.source.flag("platform")
        for text in (stage.parsed.source.image.text, (flag.value if flag else None) or ""):
            wanted |= _used(text, scope, escape)
        for argument, declared, value in _declarations(stage):
            name = declared.name.text
            if (
                declared.default is None
                and name not in scope.build_args
                and name in scope.variables
            ):
                wanted.add(name)
            else:
                found.setdefault(name, _argument(argument, declared, value or ""))
    for argument in reversed(head):
        for declared in reversed(argument.declarations):
            name = declared.name.text
            if name not in wanted:
                continue
            if name not in scope.build_args and declared.default is not None:
                wanted |= _used(declared.default.text, scope, escape)
            found.setdefault(name, _argument(argument, declared, scope.variables.get(name, "")))
    return tuple(sorted(found.values(), key=lambda one: one.span.start))


def _declarations(stage: SurveyedStage) -> Iterator[tuple[Arg, ArgDeclaration, str | None]]:
    for line in stage.lines:
        if line.arguments:
            argument: Arg = line.instruction  # type: ignore[assignment]
            values = dict(line.arguments)
            for declared in argument.declarations:
                yield argument, declared, values[declared.name.text]


def _argument(argument: Arg, declared: ArgDeclaration, value: str) -> OutlineArg:
    name = declared.name.text
    return OutlineArg(name, value, _description(argument.comments, name), argument.span)


def _used(text: str, scope: GlobalScope, escape: str) -> set[str]:
    try:
        expansion = expand(text, scope.variables, escape)
    except ExpansionError:
        return set()
    return {*expansion.used, *expansion.missing}


def _mounts(
    lines: Iterable[Line],
) -> tuple[tuple[OutlineMount, ...], tuple[OutlineMount, ...]]:
    """Secrets and SSH agents by name; one is required if any RUN requires it."""
    found: dict[str, dict[str, OutlineMount]] = {"secret": {}, "ssh": {}}
    for line in lines:
        if not isinstance(line.instruction, Run):
            continue
        for flag in line.instruction.flags:
            if flag.name != "mount":
                continue
            fields = read_mount(flag.value or "", line.value, flag.span)
            if fields.kind in found:
                known = found[fields.kind]
                name = fields.name
                earlier = known.get(name)
                is_required = fields.required or (earlier is not None and earlier.is_required)
                span = earlier.span if earlier is not None else line.instruction.span
                known[name] = OutlineMount(name, is_required, span)
    return tuple(found["secret"].values()), tuple(found["ssh"].values())
