"""Owns the commands that stages execute, each with its place, and small questions about a command's words.

It exists so that a rule starts from `for step in steps(...)` and never meets heredocs or exec forms. It refuses to know
what a program does: `packages` and `downloads` do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.shell.model import Command, Script, ShellWord
    from lithify.errors import Span

_PREFIXES = frozenset(("sudo", "exec", "time", "nice", "nohup", "command"))
_PREFIX_VALUES = frozenset(("-u", "--user", "-g", "--group", "-n", "-h", "-p", "-C"))
_CONDITIONAL = re.compile(r"(?:^|[\s;])(?:if|case|while|until|elif)\s|\|\||command -v|\bwhich\b")


class Step(NamedTuple):
    """A RUN whose script can be read, and where it stands."""

    place: Place
    script: Script

    @property
    def commands(self) -> tuple[Command, ...]:
        return self.script.commands

    @property
    def run(self) -> Run:
        assert isinstance(self.place.instruction, Run)
        return self.place.instruction

    def span(self, part: Command | ShellWord) -> Span:
        return self.script.span_of(part.start, part.end)


def steps(ctx: LintContext, places: Iterable[Place]) -> Iterator[Step]:
    """The RUNs of places whose commands are known."""
    for place in places:
        if isinstance(place.instruction, Run):
            script = ctx.script(place.instruction)
            if script is not None and script.is_readable and script.commands:
                yield Step(place, script)


def is_conditional(script: Script) -> bool:
    """Whether a script chooses between ways: not all of its commands are executed."""
    return _CONDITIONAL.search(script.text) is not None


def _basename(path: str) -> str:
    return path[path.rfind("/") + 1 :]


def program(command: Command) -> str:
    """The name of what is executed, without its directory and what only passes on: `sudo -E bash` is bash."""
    name = _basename(command.name)
    if name not in _PREFIXES:
        return name
    at = _passed_on(command)
    return name if at is None else _basename(command.arguments[at].text)


def own_arguments(command: Command) -> tuple[ShellWord, ...]:
    """The arguments of what is executed."""
    at = _passed_on(command)
    return command.arguments if at is None else command.arguments[at + 1 :]


def _passed_on(command: Command) -> int | None:
    """Which argument is the program, where the command's own only passes on."""
    found: int | None = None
    prefix, is_value = _basename(command.name), False
    for at, word in enumerate(command.arguments if prefix in _PREFIXES else ()):
        if is_value:
            is_value = False
        elif word.text.startswith("-"):
            is_value = word.text in _PREFIX_VALUES
        elif "=" not in word.text:
            found, prefix = at, _basename(word.text)
            if prefix not in _PREFIXES:
                return found
    return found


def operands(command: Command, valued: frozenset[str] = frozenset()) -> tuple[ShellWord, ...]:
    """The arguments that are no options, nor values of the options in `valued`."""
    found: list[ShellWord] = []
    is_value, only_operands = False, False
    for word in own_arguments(command):
        if is_value:
            is_value = False
        elif only_operands or not word.text.startswith("-") or word.text == "-":
            found.append(word)
        elif word.text == "--":
            only_operands = True
        else:
            is_value = word.text in valued
    return tuple(found)


def option(command: Command, *names: str) -> ShellWord | None:
    """The word that is the value of an option: what follows it, or itself where it is `--name=value`."""
    words = command.arguments
    for index, word in enumerate(words):
        if word.text in names and index + 1 < len(words):
            return words[index + 1]
        for name in names:
            if name.startswith("--") and word.text.startswith(f"{name}="):
                return word._replace(text=word.text[len(name) + 1 :])
            is_short = len(name) == 2 and not word.text.startswith("--")
            if is_short and re.fullmatch(rf"-[A-Za-z]+{name[1]}", word.text):
                return words[index + 1] if index + 1 < len(words) else None
    return None


def mentions(text: str, name: str) -> bool:
    """Whether a text holds a name as a whole word."""
    return name in text and re.search(rf"(?<![\w]){re.escape(name)}(?![\w])", text) is not None


def text_of(place: Place) -> str:
    """All that an instruction says: arguments, flags and bodies of heredocs."""
    one = place.instruction
    flags = (f"--{flag.name}={flag.value}" for flag in one.flags)
    return "\n".join((one.rest, *flags, *(heredoc.content for heredoc in one.heredocs)))


def is_only_command(step: Step) -> bool:
    """Whether a RUN executes one simple command and nothing around it."""
    command = step.commands[0]
    text = step.script.text
    is_bare = not text[: command.start].strip() and not text[command.end :].strip()
    return len(step.commands) == 1 and is_bare and not step.run.heredocs
