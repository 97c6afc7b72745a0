"""A volume should be declared after everything is written into it.

What it does: reports a RUN that makes or changes files below a path that VOLUME has declared before it, in the same
stage, one it is built on, or a base image that is at hand.

Why it matters: the classic builder throws these changes away, while others keep them.

Example:

    FROM busybox
    VOLUME /var/data
    RUN mkdir -p /var/data/cache && chown 1000 /var/data/cache

Use instead:

    FROM busybox
    RUN mkdir -p /var/data/cache && chown 1000 /var/data/cache
    VOLUME /var/data
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import is_below
from lithify.compiler.lint.insight.edits import inserted_after, removed
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import every_place, image_at_hand, story
from lithify.grammar.ast import Volume

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command
    from lithify.grammar.ast import Instruction

_WRITERS = frozenset(("mkdir", "touch", "chown", "chmod", "chgrp", "tee", "install"))
_TO_LAST = frozenset(("cp", "mv", "ln"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        volumes = _volumes(step)
        if not volumes:
            continue
        for command in step.commands:
            path = next((one for one in _written(step, command) if _volume_of(one, volumes)), None)
            if path is None:
                continue
            top = _volume_of(path, volumes)
            declared = volumes[top]
            message = f"Some builders throw this change of the volume {top} away: declare it later"
            finding = about(step.run, message, step.span(command))
            if declared is not None:
                related = Related(declared.span, "the volume")
                finding = finding._replace(related=(related,), fixes=_fixes(step, declared))
            yield finding
            break


def _volumes(step: Step) -> dict[str, Instruction | None]:
    """The volumes before a RUN, each with the instruction that declares it, if it is one of the file."""
    found: dict[str, Instruction | None] = {}
    image = image_at_hand(step.place.stage)
    if image is not None:
        found.update(dict.fromkeys(image.config.config.volumes))
    for place in story(step.place.stage):
        if place.instruction is step.run:
            break
        if isinstance(place.instruction, Volume):
            for word in place.instruction.paths:
                path = place.absolute(place.line.value(word.text))
                if path is not None and path != "/":
                    found[path] = place.instruction
    return found


def _volume_of(path: str, volumes: dict[str, Instruction | None]) -> str:
    return next((one for one in volumes if is_below(path, one)), "")


def _written(step: Step, command: Command) -> Iterator[str]:
    words = [word.text for word in operands(command)]
    kind = program(command)
    if kind in _TO_LAST:
        words = words[-1:] if len(words) > 1 else []
    elif kind in ("chown", "chmod", "chgrp"):
        words = words[1:]
    elif kind not in _WRITERS:
        words = []
    words += (one.target.text for one in command.redirections if one.operator in (">", ">>", ">|"))
    yield from filter(None, map(step.place.absolute, words))


def _fixes(step: Step, declared: Instruction) -> tuple[Fix, ...]:
    """Moves the declaration behind the last RUN of its stage."""
    lines = step.place.stage.lines
    if not any(line.instruction is declared for line in lines):
        return ()
    last = [line.instruction for line in lines if line.instruction.name in ("RUN", "COPY", "ADD")][
        -1
    ]
    edits = (removed(declared), inserted_after(last, declared.span.text))
    return (Fix("Move VOLUME behind what writes into it", edits),)
