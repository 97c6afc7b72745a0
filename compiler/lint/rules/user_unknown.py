"""Users should exist where they are named.

What it does: reports USER, and --chown of COPY and ADD, with a name that /etc/passwd of the stage cannot have: the
base is scratch or an image at hand without it, and nothing before can have added it.

Why it matters: the build fails there, or the container does not start.

Example:

    FROM scratch
    COPY --chmod=755 server /server
    USER nobody
    ENTRYPOINT ["/server"]

Use instead:

    FROM scratch
    COPY --chmod=755 server /server
    USER 65534
    ENTRYPOINT ["/server"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.filesystem import can_make
from lithify.compiler.lint.insight.images import image_has, read_image
from lithify.compiler.lint.insight.scripts import program, steps
from lithify.compiler.lint.insight.story import ancestry, every_place, is_scratch, story
from lithify.grammar.ast import CopyLike, Run, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.errors import Span

_PASSWD = "/etc/passwd"
_MOST_BYTES = 1024 * 1024
#: Programs that never add a user, whatever they are given.
_HARMLESS = frozenset((
    "mkdir", "chmod", "chown", "chgrp", "rm", "cp", "mv", "ln", "touch", "cd", "set", "true", ":",
    "echo", "printf", "cat", "ls", "export", "test", "[", "sleep", "pip", "pip3", "npm", "yarn",
    "curl", "wget", "tar", "unzip", "go", "cargo", "date", "find", "sha256sum",
))  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for place in every_place(ctx):
        named = _named(place)
        if named is None:
            continue
        name, span = named
        if name and not name.isdigit() and name != "root" and not _can_be_known(ctx, place, name):
            message = (
                f"There can be no user {name} in this stage: create it before, or use its number"
            )
            yield about(place.instruction, message, span)


def _named(place: Place) -> tuple[str, Span] | None:
    instruction = place.instruction
    if isinstance(instruction, User):
        text, span = instruction.user.text, instruction.user.span
    elif isinstance(instruction, CopyLike) and (flag := instruction.flag("chown")) is not None:
        text, span = flag.value or "", flag.span
    else:
        return None
    value = place.line.value(text)
    return None if "$" in value else (value.partition(":")[0].strip("\"'"), span)


def _can_be_known(ctx: LintContext, place: Place, name: str) -> bool:
    stage = place.stage
    for earlier in story(stage):
        if earlier.instruction is place.instruction:
            break
        is_run = isinstance(earlier.instruction, Run)
        if _may_add(ctx, earlier) if is_run else can_make(ctx, earlier, _PASSWD):
            return True
    if any(one.resolved.triggers for one in ancestry(stage)):
        return True
    if is_scratch(stage):
        return False
    text = read_image(ctx, stage, _PASSWD, _MOST_BYTES)
    if text is None:
        return image_has(ctx, stage, _PASSWD) is not False
    return any(line.partition(":")[0] == name for line in text.splitlines())


def _may_add(ctx: LintContext, place: Place) -> bool:
    step = next(steps(ctx, (place,)), None)
    return step is None or any(program(one) not in _HARMLESS for one in step.commands)
