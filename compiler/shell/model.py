"""Owns what is known of a shell script: its text as the shell gets it, its commands, and where each stands in the file.

It refuses to read shell: `parser` does. Values are named tuples, for there are many of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.errors import Span
    from lithify.grammar.ast import Instruction


class ShellWord(NamedTuple):
    """A word of a command: quotes removed, variables kept as `${name}`; offsets in the script's text.

    `is_literal` is False if the shell puts something in the place of a part of it."""

    text: str
    start: int
    end: int
    is_literal: bool = True

    @property
    def is_flag(self) -> bool:
        """Whether it is an option: `-x`, `-xyz`, `--name`, `--name=value`."""
        return self.text[:1] == "-" and self.text not in ("-", "--")


class ShellFlag(NamedTuple):
    """An option of a command without its dashes: `-xyz` are three. `value` is what follows `=`, None without one."""

    name: str
    value: str | None
    word: ShellWord


class Assignment(NamedTuple):
    """A variable that is set for one command alone."""

    name: str
    value: str
    start: int
    end: int


class Redirection(NamedTuple):
    """`> file`, `2>&1`, `<<< text`; of a heredoc the target is its name."""

    operator: str
    target: ShellWord


class Command(NamedTuple):
    """A simple command: `X=1 cmd a` has the name `cmd` and the argument `a`; offsets in the script's text.

    `end` is that of the last word. `outer` is the number of the command in one of whose words this one is
    substituted, `pipeline` the number of the innermost pipeline that it is part of; -1 is none."""

    name: str
    arguments: tuple[ShellWord, ...]
    start: int
    end: int
    head: ShellWord
    assignments: tuple[Assignment, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    outer: int = -1
    pipeline: int = -1

    @property
    def flags(self) -> Iterator[ShellFlag]:
        """Its options, in order; values that are words of their own are not told from arguments."""
        for word in self.arguments:
            if not word.is_flag:
                continue
            if word.text.startswith("--"):
                name, equals, value = word.text[2:].partition("=")
                yield ShellFlag(name, value if equals else None, word)
            else:
                yield from (ShellFlag(letter, None, word) for letter in word.text[1:])

    @property
    def plain(self) -> tuple[ShellWord, ...]:
        """The arguments that are no options."""
        return tuple(word for word in self.arguments if not word.is_flag)

    def has_flag(self, *names: str) -> bool:
        return any(flag.name in names for flag in self.flags)

    def has_argument(self, *texts: str) -> bool:
        """Whether any argument, wherever it stands, is one of the texts."""
        return any(word.text in texts for word in self.arguments)

    def calls(self, name: str, *texts: str) -> bool:
        """Whether it is the program of that very name, with one of the texts for an argument."""
        return self.name == name and self.has_argument(*texts)


class Pipeline(NamedTuple):
    """Commands joined by `|`; offsets in the script's text."""

    start: int
    end: int


class Syntax(NamedTuple):
    """What a text says as bash: simple commands and pipelines in the order of the text."""

    commands: tuple[Command, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    is_readable: bool = True


class Script(NamedTuple):
    """A script: simple commands in the order of the text, those in substitutions, loops and functions among them.

    `is_readable` is False for one that is no bash; it has no commands then. `span_of(start, end)` is the place of a
    part of the text in the Dockerfile, across continuations. `instruction` holds it: of ONBUILD, the trigger.
    `shell` is the program that reads it, with its options: that of SHELL, of a heredoc's first line or of the line
    that a heredoc is given to; () in exec form."""

    text: str
    commands: tuple[Command, ...]
    is_readable: bool
    span_of: Callable[[int, int], Span]
    instruction: Instruction
    shell: tuple[str, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()

    def span(self, part: Command | ShellWord | Pipeline) -> Span:
        """Where a part stands in the Dockerfile."""
        return self.span_of(part.start, part.end)
