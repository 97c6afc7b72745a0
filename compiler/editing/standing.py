"""Owns what holds at an instruction besides variables: working directory, user, shell, and the default command.

The plan knows this only for the end of a stage; who reads a file in an editor stands somewhere in the middle. It refuses
to complain: what cannot be expanded counts as it is written.

Specification: sections 3.1, 3.7, 3.8 and 3.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.paths import absolute_path
from lithify.grammar.ast import Cmd, Entrypoint, ExecForm, Shell, User, Workdir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.survey import Line
    from lithify.grammar.ast import Command

DEFAULT_SHELL = ("/bin/sh", "-c")


class Standing(NamedTuple):
    """What an instruction stands in; '' and None are what nobody has set."""

    workdir: str = "/"
    user: str = ""
    shell: tuple[str, ...] = DEFAULT_SHELL
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None

    def argv(self, command: Command) -> tuple[str, ...]:
        """What is started: exec form as it is, shell form behind the shell."""
        if isinstance(command, ExecForm):
            return command.args
        return (*self.shell, command.text)


def standings(context: LintContext) -> Mapping[int, Standing]:
    """What holds just before every instruction of every stage, by where it starts."""
    found: dict[int, Standing] = {}
    last: dict[int, Standing] = {}
    for stage in context.reached:
        parent = stage.parent
        current = last[parent.parsed.index] if parent is not None else _base(stage.image)
        found[stage.parsed.source.span.start] = current
        for line in stage.lines:
            found[line.instruction.span.start] = current
            current = after(line, current)
        last[stage.parsed.index] = current
    return found


def after(line: Line, before: Standing) -> Standing:
    """What holds behind an instruction."""
    match line.instruction:
        case Workdir(path=path):
            return before._replace(workdir=absolute_path(line.value(path.text), before.workdir))
        case User(user=user):
            return before._replace(user=line.value(user.text))
        case Shell(command=command):
            return before._replace(shell=command.args)
        case Entrypoint(command=command):
            return before._replace(entrypoint=before.argv(command))
        case Cmd(command=command):
            return before._replace(command=before.argv(command))
        case _:
            return before


def _base(image: ResolvedImage | None) -> Standing:
    if image is None:
        return Standing()
    config = image.config.config
    return Standing(
        absolute_path(config.working_dir or "/"),
        config.user,
        config.shell or DEFAULT_SHELL,
        config.entrypoint,
        config.cmd,
    )
