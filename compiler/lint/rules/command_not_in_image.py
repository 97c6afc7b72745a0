"""What an instruction executes should be in the image.

What it does: reports RUN, CMD, ENTRYPOINT and HEALTHCHECK whose program, or the shell for the shell form, cannot be
there: in a stage on scratch, or on an image that is at hand, with nothing before that could have made it.

Why it matters: the build fails, or the container does not start, or is never healthy.

Example:

    FROM scratch
    COPY --chmod=755 server /server
    HEALTHCHECK CMD curl -f http://localhost/
    ENTRYPOINT ["/server"]

Use instead:

    FROM scratch
    COPY --chmod=755 server /server
    HEALTHCHECK CMD ["/server", "--check"]
    ENTRYPOINT ["/server"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.filesystem import on_path
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.story import every_place, story
from lithify.grammar.ast import Cmd, Entrypoint, ExecForm, Healthcheck, Run, Shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.grammar.ast import Command


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for place in every_place(ctx):
        command = _command(place)
        if command is None or place.stage.resolved.stage.platform.os != "linux":
            continue
        name = _program(place, command)
        # A module is executed by a runtime that finds it on its own.
        if name and not name.endswith(".wasm") and not on_path(ctx, place, name):
            what = name if isinstance(command, ExecForm) else f"the shell {name}"
            message = f"Nothing before this can have brought {what} into the image"
            yield about(place.instruction, message, command.span)


def _command(place: Place) -> Command | None:
    instruction = place.instruction
    if isinstance(instruction, Run):
        brings = any(one.fields.kind in ("bind", "cache") for one in mounts(place))
        return None if brings or instruction.heredocs else instruction.command
    if isinstance(instruction, Cmd):
        # With an ENTRYPOINT in array form, CMD holds its arguments.
        others = (one.instruction for one in story(place.stage))
        has_entrypoint = any(isinstance(one, Entrypoint) for one in others)
        return None if has_entrypoint or _inherits_entrypoint(place) else instruction.command
    return instruction.command if isinstance(instruction, Entrypoint | Healthcheck) else None


def _inherits_entrypoint(place: Place) -> bool:
    image = place.stage.image
    return image is not None and bool(image.config.config.entrypoint)


def _program(place: Place, command: Command) -> str:
    """The first word that the kernel gets; '' if it is not known."""
    if isinstance(command, ExecForm):
        return command.args[0] if command.args and command.args[0].strip() else ""
    if not command.text.strip():
        return ""
    image = place.stage.image
    shell = image.config.config.shell if image is not None else None
    for earlier in story(place.stage):
        if earlier.instruction is place.instruction:
            break
        if isinstance(earlier.instruction, Shell):
            shell = earlier.instruction.command.args
    return (shell or ("/bin/sh",))[0]
