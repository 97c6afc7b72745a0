"""Owns what RUN executes, as rules want it: scripts with their instruction, stage by stage, and findings about a word.

ONBUILD is seen through, because its trigger runs as soon as someone builds from the image. It refuses other
instructions: CMD and its kind run in the image, where other things matter.

Specification: section 3.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.context import about
from lithify.compiler.lint.once import once
from lithify.compiler.lint.rule import Profile
from lithify.errors import SourceError
from lithify.grammar.ast import ExecForm, Onbuild, Run
from lithify.grammar.parser import parse_mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.compiler.lint.context import Diagnostic, Fix, LintContext, Section
    from lithify.compiler.shell.model import Command, Pipeline, Script, ShellWord
    from lithify.grammar.ast import Instruction

_KEPT = ("cache", "tmpfs")


class Executed(NamedTuple):
    """What a RUN, or an ONBUILD with a RUN, executes. `instruction` is the one in the file."""

    instruction: Instruction
    script: Script

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.script.commands

    @property
    def is_exec(self) -> bool:
        """Whether no shell is in between."""
        holder = self.script.instruction
        return isinstance(holder, Run) and isinstance(holder.command, ExecForm)

    def about(self, part: Command | ShellWord | Pipeline, message: str, *fixes: Fix) -> Diagnostic:
        """A finding about a part of the script."""
        found = about(self.instruction, message, self.script.span(part))
        return found._replace(fixes=fixes)

    @property
    def mounts(self) -> Iterator[str]:
        """The targets of mounts whose content stays out of the layer."""
        for flag in self.script.instruction.flags:
            if flag.name != "mount":
                continue
            try:
                options = dict(parse_mount(flag.value or "", flag.span))
            except SourceError:
                continue
            if options.get("type") in _KEPT:
                target = options.get("target") or options.get("dst") or options.get("destination")
                yield (target or "").rstrip("/")

    def keeps_out(self, ctx: LintContext, *places: str) -> bool:
        """Whether a mount holds one of the folders: it, one below, or, unless hadolint is asked, one above."""
        is_hadolint = ctx.profile is Profile.HADOLINT
        return any(
            place in target or (not is_hadolint and _is_above(target, place))
            for target in self.mounts
            for place in places
        )


def _is_above(target: str, place: str) -> bool:
    above = place.rpartition("/")[0]
    while above:
        if target == above or (above[0] != "/" and target.endswith(f"/{above}")):
            return True
        above = above.rpartition("/")[0]
    return False


def executed(ctx: LintContext, instruction: Instruction) -> Executed | None:
    """What an instruction executes, or None if it is no RUN, no trigger of that kind, or no shell reads it."""
    if not isinstance(instruction, Run | Onbuild):
        return None
    script = ctx.script(instruction)
    if script is None or not isinstance(script.instruction, Run):
        return None
    return Executed(instruction, script)


@once(keeping=1)
def runs(ctx: LintContext) -> tuple[Executed, ...]:
    """Everything that the file executes, triggers too, in order."""
    found = (executed(ctx, instruction) for instruction in ctx.dockerfile.instructions)
    return tuple(run for run in found if run is not None)


def section_runs(ctx: LintContext, section: Section) -> Iterator[Executed]:
    """Everything that one stage executes, triggers too, in order."""
    for instruction in section.instructions:
        if (run := executed(ctx, instruction)) is not None:
            yield run


def commands(
    ctx: LintContext, is_wanted: Callable[[Command], bool]
) -> Iterator[tuple[Executed, Command]]:
    """All commands of a kind, each with what executes it."""
    for run in runs(ctx):
        for command in run.commands:
            if is_wanted(command):
                yield run, command


def operands(command: Command, taking: frozenset[str] = frozenset()) -> list[ShellWord]:
    """Arguments that are neither options nor values of them; those of the names `taking` take a value."""
    found: list[ShellWord] = []
    is_value = False
    for word in command.arguments:
        if is_value:
            is_value = False
        elif word.is_flag:
            name = word.text[2:] if word.text.startswith("--") else word.text[-1]
            is_value = name in taking
        else:
            found.append(word)
    return found


def valued(ctx: LintContext, known: tuple[str, ...], others: tuple[str, ...]) -> frozenset[str]:
    """Names of options that take a value: those that hadolint knows, and by default the others too."""
    return frozenset(known if ctx.profile is Profile.HADOLINT else (*known, *others))


def behind(words: list[ShellWord], *texts: str) -> list[ShellWord]:
    """The words without those of the texts: what a subcommand is given."""
    return [word for word in words if word.text not in texts]


def removes(command: Command, folder: re.Pattern[str]) -> bool:
    """Whether a command deletes what lies in a folder: `rm -r` or `find -delete`."""
    is_removal = (command.name == "rm" and command.has_flag("r", "R", "recursive")) or (
        command.name == "find" and command.has_argument("-delete", "-exec")
    )
    return is_removal and any(folder.match(word.text) for word in command.arguments)


def uncleaned(
    run: Executed, is_install: Callable[[Command], bool], is_clean: Callable[[Command], bool]
) -> Command | None:
    """The first command that fills a cache, if none behind it empties it."""
    first = next((one for one in run.commands if is_install(one)), None)
    if first is None or any(is_clean(one) for one in run.commands if one.start > first.start):
        return None
    return first
