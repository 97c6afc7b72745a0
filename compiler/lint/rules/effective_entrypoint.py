"""What ENTRYPOINT and CMD become together should be what was meant.

What it does: reports an ENTRYPOINT in shell form in a stage that sets CMD too, and an ENTRYPOINT that is made to
execute its arguments (tini --, entrypoint.sh), but takes away the CMD of the stage it is built on.

Why it matters: the shell ignores the arguments that CMD adds; and a new ENTRYPOINT empties an inherited CMD, so that
the container starts without its arguments.

Example:

    FROM busybox
    ENTRYPOINT serve
    CMD ["--port", "80"]

Use instead:

    FROM busybox
    ENTRYPOINT ["serve"]
    CMD ["--port", "80"]
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, Related, about
from lithify.compiler.lint.insight.story import ancestry
from lithify.grammar.ast import Cmd, Entrypoint, ExecForm, Shell, ShellForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import SurveyedStage

_PLAIN = re.compile(r"[\w./:=@%+,-]+(?:[ \t]+[\w./:=@%+,-]+)*\Z")

_WRAPPER = re.compile(r"(?:^|[/_-])entry-?point(?:\.sh)?\Z|(?:^|/)(?:tini|dumb-init|catatonit)\Z")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        entrypoint = _last(stage, Entrypoint)
        command = _last(stage, Cmd)
        if not isinstance(entrypoint, Entrypoint):
            continue
        if isinstance(command, Cmd):
            yield from _ignored(stage, entrypoint, command)
        else:
            yield from _taken_away(stage, entrypoint)


def _last(stage: SurveyedStage, kind: type[Cmd | Entrypoint]) -> Cmd | Entrypoint | None:
    found = [line.instruction for line in stage.lines if isinstance(line.instruction, kind)]
    last = found[-1] if found else None
    return last if isinstance(last, Cmd | Entrypoint) else None


def _ignored(stage: SurveyedStage, entrypoint: Entrypoint, command: Cmd) -> Iterator[Diagnostic]:
    form = entrypoint.command
    if not isinstance(form, ShellForm) or not form.text.strip() or _is_own_shell(stage):
        return
    message = "CMD is ignored: an ENTRYPOINT in shell form gets no arguments"
    related = Related(command.span, "this CMD")
    fixes: tuple[Fix, ...] = ()
    text = form.text.strip()
    if _PLAIN.match(text) and "=" not in text.split()[0]:
        array = json.dumps(text.split(), ensure_ascii=False)
        fixes = (Fix("Write it as an array", (Edit(form.span, array),), is_safe=False),)
    finding = about(entrypoint, message, form.span)
    yield finding._replace(fixes=fixes, related=(related,))


def _is_own_shell(stage: SurveyedStage) -> bool:
    """Whether SHELL is set: another shell may be told to take arguments."""
    lines = (line for one in ancestry(stage) for line in one.lines)
    return any(isinstance(line.instruction, Shell) for line in lines)


def _taken_away(stage: SurveyedStage, entrypoint: Entrypoint) -> Iterator[Diagnostic]:
    form = entrypoint.command
    words = form.args if isinstance(form, ExecForm) else ()
    if not words or (words[-1] != "--" and not _WRAPPER.search(words[-1])):
        return
    for older in reversed(ancestry(stage)[:-1]):
        command = _last(older, Cmd)
        if command is not None:
            message = (
                f"This empties the CMD that stage {older.parsed.label} has set: repeat it here"
            )
            related = Related(command.span, "the CMD that is lost")
            yield about(entrypoint, message)._replace(related=(related,))
        if command is not None or _last(older, Entrypoint) is not None:
            return
