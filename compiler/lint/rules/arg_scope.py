"""An ARG should reach the place where it is used.

What it does: reports an ARG before the first FROM that nothing takes over; a RUN that uses such an ARG without an ARG
of its own stage; an ARG and an ENV that hide each other; and an ARG with nothing after it that could use it.

Why it matters: an ARG before FROM is known to FROM alone, so that RUN finds an empty value; an ENV of the same
name takes the place of what `--build-arg` gives.

Example:

    ARG VERSION=3.20
    FROM alpine:$VERSION
    RUN echo "built on $VERSION" > /etc/built-on

Use instead:

    ARG VERSION=3.20
    FROM alpine:$VERSION
    ARG VERSION
    RUN echo "built on $VERSION" > /etc/built-on
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.edits import inserted_before, removed
from lithify.compiler.lint.insight.scripts import mentions
from lithify.compiler.lint.insight.story import ancestry, every_place
from lithify.compiler.scopes import SILENT_ARGS
from lithify.grammar.ast import Arg, Env, Onbuild, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import SurveyedStage
    from lithify.grammar.ast import ArgDeclaration, Instruction

#: What the builder itself reads, and what every RUN is given.
_SPECIAL = re.compile(r"BUILDKIT_|SOURCE_DATE_EPOCH\Z|(?:\w+_)?PROXY\Z", re.IGNORECASE)
_OVERRIDDEN = "The ARG {name} is set above and never read: this ENV takes its place"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    yield from _never_taken_over(ctx)
    for stage in ctx.reached:
        yield from _out_of_scope(ctx, stage)
        yield from _shadowed(stage)
    yield from _at_the_end(ctx)


def _never_taken_over(ctx: LintContext) -> Iterator[Diagnostic]:
    if len(ctx.reached) != len(ctx.stages):
        return
    text = "\n".join(one.span.text for one in ctx.dockerfile.instructions if one not in ctx.head)
    others = [declared for arg in ctx.head for declared in arg.declarations]
    defaults = "\n".join(one.default.text for one in others if one.default is not None)
    for arg in ctx.head:
        for declared in arg.declarations:
            name = declared.name.text
            is_special = name in SILENT_ARGS or _SPECIAL.match(name)
            if is_special or mentions(text, name) or mentions(defaults, name):
                continue
            fixes = _deletion(arg, declared)
            finding = about(arg, f"Nothing uses the ARG {name}", declared.name.span)
            yield finding._replace(fixes=fixes, tags=("unnecessary",))


def _deletion(arg: Arg, declared: ArgDeclaration) -> tuple[Fix, ...]:
    if len(arg.declarations) > 1:
        return ()
    return (Fix(f"Delete ARG {declared.name.text}", (removed(arg),)),)


def _out_of_scope(ctx: LintContext, stage: SurveyedStage) -> Iterator[Diagnostic]:
    """A RUN that uses what only FROM knows."""
    for name in ctx.head_names:
        known = {name for one in ancestry(stage) for name in one.declared}
        if name in known or name in SILENT_ARGS:
            continue
        use = re.compile(rf"(?<![\\$])\$(?:{re.escape(name)}\b|\{{{re.escape(name)}[}}:#%/-])")
        for line in stage.lines:
            instruction = line.instruction
            if not isinstance(instruction, Run) or name in line.variables:
                continue
            script = ctx.script(instruction)
            text = script.text if script is not None else instruction.rest
            match = use.search(text)
            if match is None or _sets(text, name):
                continue
            span = script.span_of(*match.span()) if script is not None else instruction.span
            fix = Fix(f"Insert ARG {name}", (inserted_before(instruction, f"ARG {name}"),))
            message = f"{name} is empty here: the ARG before FROM is not known in the stage"
            yield about(instruction, message, span)._replace(fixes=(fix,))
            break


def _sets(text: str, name: str) -> bool:
    """Whether a script gives the variable a value itself."""
    word = re.escape(name)
    return (
        re.search(rf"(?<![\w$]){word}\+?=|\b(?:read|for|local)\b[^\n;]*\b{word}\b", text)
        is not None
    )


def _shadowed(stage: SurveyedStage) -> Iterator[Diagnostic]:
    """An ARG and an ENV of one name: the later one wins in the build, ENV alone in the container."""
    envs: dict[str, Env] = {}
    args: dict[str, Arg] = {}
    for line in (line for one in ancestry(stage) for line in one.lines):
        instruction, is_own = line.instruction, any(line is own for own in stage.lines)
        if isinstance(instruction, Arg):
            names = [one.name.text for one in instruction.declarations]
            for name in (one for one in names if one in envs and is_own):
                message = f"Commands of the build see this {name}, containers the one of ENV"
                yield _related(instruction, message, Related(envs[name].span, "this ENV"))
            args.update(dict.fromkeys(names, instruction))
            continue
        if isinstance(instruction, Env):
            for pair in instruction.pairs:
                name = line.value(pair.key.text)
                envs[name] = instruction
                if name in args and is_own and not mentions(pair.value.text, name):
                    related = Related(args[name].span, "this ARG")
                    yield _related(instruction, _OVERRIDDEN.format(name=name), related)
        for name in [one for one in args if mentions(instruction.span.text, one)]:
            del args[name]


def _related(instruction: Instruction, message: str, related: Related) -> Diagnostic:
    return about(instruction, message)._replace(related=(related,))


def _at_the_end(ctx: LintContext) -> Iterator[Diagnostic]:
    """An ARG behind the last instruction that could read it."""
    parents = {one.parent.parsed.index for one in ctx.reached if one.parent is not None}
    for place in every_place(ctx):
        instruction = place.instruction
        if not isinstance(instruction, Arg) or place.stage.parsed.index in parents:
            continue
        lines = place.stage.lines
        rest = lines[lines.index(place.line) + 1 :]
        for declared in instruction.declarations:
            name = declared.name.text
            if not any(_may_use(one.instruction, name) for one in rest):
                finding = about(instruction, f"Nothing uses the ARG {name}", declared.name.span)
                fixes = _deletion(instruction, declared)
                yield finding._replace(fixes=fixes, tags=("unnecessary",))


def _may_use(instruction: Instruction, name: str) -> bool:
    """Whether an instruction reads a variable, or executes what may."""
    return isinstance(instruction, Run | Onbuild) or mentions(instruction.span.text, name)
