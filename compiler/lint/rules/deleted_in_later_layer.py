"""What is not needed should be deleted in the layer that made it.

What it does: reports a RUN in the resulting image that deletes what an earlier instruction has copied, downloaded, or
fetched as lists of packages.

Why it matters: the files stay in the earlier layer, and everyone who pulls the image downloads them.

Example:

    FROM debian:13
    RUN apt-get update && apt-get install --yes curl
    RUN rm -rf /var/lib/apt/lists/*

Use instead:

    FROM debian:13
    RUN apt-get update && apt-get install --yes curl && rm -rf /var/lib/apt/lists/*
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.copies import is_below, tops
from lithify.compiler.lint.insight.downloads import downloads
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import shipped
from lithify.grammar.ast import CopyLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.lint.insight.story import Place
    from lithify.errors import Span

_LISTS = "/var/lib/apt/lists"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    made: dict[str, Span] = {}
    copied: set[str] = set()
    for place in shipped(ctx):
        if isinstance(place.instruction, CopyLike):
            for path in tops(place, ctx) or ():
                made[path] = place.instruction.span
                copied.add(path)
        for step in steps(ctx, (place,)):
            yield from _deletions(step, made, copied)
            made.update(_made(step))


def _deletions(step: Step, made: dict[str, Span], copied: set[str]) -> Iterator[Diagnostic]:
    fresh = _made(step)
    for command in step.commands:
        if program(command) != "rm":
            continue
        for word in operands(command):
            path = step.place.absolute(word.text.removesuffix("/*"))
            if path is None or path == "/" or "*" in path or path in fresh:
                continue
            wasted = sorted(one for one in made if is_below(one, path))
            if wasted:
                span = made[wasted[0]]
                advice = "mount it instead" if wasted[0] in copied else "delete it there"
                message = f"{wasted[0]} stays in the layer of line {span.line}: {advice}"
                related = Related(span, "made here")
                yield about(step.run, message, step.span(word))._replace(related=(related,))
                for one in wasted:
                    del made[one]


def _made(step: Step) -> dict[str, Span]:
    """What a RUN leaves behind that a later one may want to delete."""
    found: dict[str, Span] = {}
    mounted = _mounted(step.place)
    for command in step.commands:
        is_apt = program(command) in ("apt-get", "apt", "aptitude")
        if is_apt and any(word.text == "update" for word in operands(command)):
            found[_LISTS] = step.span(command)
    for one in downloads(step.script):
        path = step.place.absolute(one.file) if one.file and not _changes_directory(step) else None
        if path is not None:
            found[path] = step.span(one.command)
    for command in step.commands:
        if program(command) == "rm":
            for word in operands(command):
                gone = step.place.absolute(word.text.removesuffix("/*"))
                for path in [one for one in found if gone is not None and is_below(one, gone)]:
                    del found[path]
    return {path: span for path, span in found.items() if not _is_covered(path, mounted)}


def _changes_directory(step: Step) -> bool:
    return any(program(command) in ("cd", "pushd", "mv", "cp") for command in step.commands)


def _mounted(place: Place) -> tuple[str, ...]:
    return tuple(one.target for one in mounts(place) if one.target)


def _is_covered(path: str, mounted: tuple[str, ...]) -> bool:
    return any(is_below(path, one) for one in mounted)
