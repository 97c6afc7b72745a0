"""A failure in front of a pipe ends the build.

What it does: reports a pipe in a RUN whose shell looks at the last command of it only.

Why it matters: when a download breaks off, what reads it often succeeds, and the build goes on with half a file.

Example:

    FROM debian
    RUN curl https://files.example.org/a | tar -x

Use instead:

    FROM debian
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN curl https://files.example.org/a | tar -x
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import runs
from lithify.compiler.lint.context import Edit, Fix
from lithify.compiler.lint.rule import Profile
from lithify.compiler.shell.reader import DEFAULT_SHELL
from lithify.errors import Span
from lithify.grammar.ast import Onbuild, Shell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext

_SHELLS = ("bash", "zsh", "ash")
_FOLDERS = ("", "/bin/", "/usr/bin/")
_WANTED = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    shells = dict(_shells(ctx))
    for run in runs(ctx):
        # What a trigger runs in is up to the image that is built on this one.
        if not run.script.pipelines or isinstance(run.instruction, Onbuild):
            continue
        shell = shells.get(id(run.instruction), ())
        if ctx.profile is Profile.HADOLINT:
            is_careful = _is_careful_for_hadolint(shell)
        else:
            is_careful = _is_careful(run, shell)
        if not is_careful:
            message = "Only the last command of the pipe can fail the build: set -o pipefail"
            yield run.about(run.script.pipelines[0], message, *_fix(run))


def _shells(ctx: LintContext) -> Iterator[tuple[int, tuple[str, ...]]]:
    """For every instruction what SHELL says above it in its stage; by default also what the base image says."""
    if ctx.profile is Profile.HADOLINT:
        for section in ctx.sections:
            shell: tuple[str, ...] = ()
            for instruction in section.instructions:
                shell = instruction.command.args if isinstance(instruction, Shell) else shell
                yield id(instruction), shell
        return
    for stage in ctx.reached:
        if stage.image is not None:
            for line in stage.lines:
                yield id(line.instruction), tuple(stage.image.config.config.shell or ())


def _is_careful(run: Executed, inherited: tuple[str, ...]) -> bool:
    script = run.script
    if run.is_exec:
        return True
    shell = inherited if inherited and script.shell == DEFAULT_SHELL else script.shell
    if _has_option(shell):
        return True
    first = script.pipelines[0].start
    return any(
        command.name == "set"
        and command.start < first
        and _has_option(word.text for word in command.arguments)
        for command in script.commands
    )


def _has_option(words: Iterable[str]) -> bool:
    """Whether pipefail is set, alone or at the end of other options."""
    split = " ".join(words).split()
    return any(
        option[0] == "-" and option[-1] == "o" and value == "pipefail"
        for option, value in pairwise(split)
    )


def _is_careful_for_hadolint(shell: tuple[str, ...]) -> bool:
    is_known = bool(shell) and shell[0] in (
        folder + name for folder in _FOLDERS for name in _SHELLS
    )
    return is_known and _has_option(shell)


def _fix(run: Executed) -> list[Fix]:
    """Not safe: the image may have no bash."""
    if run.script.shell != DEFAULT_SHELL:
        return []
    span = run.instruction.span
    edit = Edit(Span(span.source, span.start, span.start), f"{_WANTED}\n")
    return [Fix("Choose a shell that looks at every command", (edit,), is_safe=False)]
