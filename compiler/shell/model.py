"""Owns what is known of a shell script: its text as the shell gets it, its commands, and where each stands in the file.

It refuses to read shell: `parser` does. Values are named tuples, for there are many of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.errors import Span


class ShellWord(NamedTuple):
    """A word of a command: quotes removed, variables kept as `${name}`; offsets in the script's text."""

    text: str
    start: int
    end: int


class Command(NamedTuple):
    """A simple command: `X=1 cmd a` has the name `cmd` and the argument `a`; offsets in the script's text."""

    name: str
    arguments: tuple[ShellWord, ...]
    start: int
    end: int


class Script(NamedTuple):
    """A script: simple commands in the order of the text, those in substitutions, loops and functions among them.

    `is_readable` is False for one that is no bash; it has no commands then. `span_of(start, end)` is the place of a
    part of the text in the Dockerfile, across continuations."""

    text: str
    commands: tuple[Command, ...]
    is_readable: bool
    span_of: Callable[[int, int], Span]
