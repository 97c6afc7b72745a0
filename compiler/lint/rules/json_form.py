"""CMD and ENTRYPOINT should be JSON arrays.

What it does: reports a CMD or ENTRYPOINT in shell form, unless a SHELL was chosen on purpose.

Why it matters: a shell in between becomes process 1, gets the signals and does not pass them on.

Example:

    FROM busybox
    CMD httpd -f

Use instead:

    FROM busybox
    CMD ["httpd", "-f"]
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.grammar.ast import Cmd, Entrypoint, Shell, ShellForm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./ \t-]+")
_JOINED = re.compile(r"[;&|<>()\[`\n!{]")
_BUILT_IN = frozenset((".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "do",
                       "eval", "exec", "exit", "export", "fg", "for", "if", "jobs", "local", "read",
                       "readonly", "return", "set", "shift", "source", "time", "times", "trap",
                       "type", "ulimit", "umask", "unset", "until", "wait", "while"))  # fmt: skip


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        has_shell = stage.image is not None and bool(stage.image.config.config.shell)
        has_shell |= any(isinstance(line.instruction, Shell) for line in stage.inherited_lines())
        is_windows = stage.resolved.stage.platform.os == "windows"
        for line in stage.lines:
            instruction = line.instruction
            has_shell |= isinstance(instruction, Shell)
            if has_shell or not isinstance(instruction, Cmd | Entrypoint):
                continue
            if isinstance(instruction.command, ShellForm):
                yield about(
                    instruction,
                    f"JSON arguments recommended for {instruction.name} to prevent unintended "
                    "behavior related to OS signals",
                    focus=instruction.command.span,
                    fixes=() if is_windows else _fixes(instruction.command),
                )


def _fixes(command: ShellForm) -> tuple[Fix, ...]:
    """An array of the words if the shell would only split them; else a shell that gives its place away."""
    span, text = command.span, command.text
    if any(line.lstrip().startswith("#") for line in span.text.split("\n")[1:]):
        return ()
    words = text.split()
    if _PLAIN.fullmatch(text) and words[0] not in _BUILT_IN and "=" not in words[0]:
        return (Fix("Write a JSON array", (Edit(span, json.dumps(words)),)),)
    if not words or _JOINED.search(text) or words[0] in _BUILT_IN or "=" in words[0]:
        return ()
    array = json.dumps(["/bin/sh", "-c", f"exec {text}"], ensure_ascii=False)
    return (Fix("Let the shell be replaced by the program", (Edit(span, array),), False),)
