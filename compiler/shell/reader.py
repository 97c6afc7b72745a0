"""Owns which script an instruction holds: shell form, exec form, triggers, heredocs, and who reads it.

A heredoc may be a program of any language, given to a shell by name or by its first line, or data for a command; the
rules want shell, and its exact place. It refuses to look at base images: the shell is that of the file.

Specification: sections 1.7, 3.2 and 3.7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.shell.model import Script
from lithify.compiler.shell.parser import parse_shell
from lithify.compiler.shell.places import (
    Placed,
    array_place,
    body_place,
    command_place,
    joined,
)
from lithify.errors import SourceError
from lithify.grammar.ast import (
    Cmd,
    Entrypoint,
    ExecForm,
    From,
    Healthcheck,
    Onbuild,
    Run,
    Shell,
)
from lithify.grammar.heredoc import find_heredocs
from lithify.grammar.parser import parse_trigger

if TYPE_CHECKING:
    from lithify.grammar.ast import Command as Form
    from lithify.grammar.ast import Dockerfile, Heredoc, Instruction

DEFAULT_SHELL = ("/bin/sh", "-c")
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"))
_NO_SHELLS = frozenset(
    ("pwsh", "powershell", "cmd", "perl", "ruby", "node", "php", "fish", "nu", "xonsh", "R")
)
_HELD = ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK")
_SHEBANG = re.compile(r"#![ \t]*(\S+)[ \t]*([^\n]*)")
_CHOSEN = re.compile(r"hadolint[ \t]+shell[ \t]*=[ \t]*([^\s#]+)")


class ScriptReader:
    """Finds the scripts of one file; each is read once."""

    def __init__(self, dockerfile: Dockerfile) -> None:
        self._dockerfile = dockerfile
        self._shells: dict[int, tuple[str, ...]] = {}
        self._scripts: dict[int, Script | None] = {}

    def __call__(self, instruction: Instruction) -> Script | None:
        """The script of an instruction of the file, or None if it holds none that a shell reads."""
        key = id(instruction)
        if key not in self._scripts:
            self._scripts[key] = self._read(instruction)
        return self._scripts[key]

    def _read(self, instruction: Instruction) -> Script | None:
        holder = _holder(instruction)
        form = _form(holder)
        if holder is None or form is None:
            return None
        if not self._shells:
            self._shells = _shells_in_effect(self._dockerfile)
        shell = self._shells.get(id(instruction), DEFAULT_SHELL)
        found = self._place(instruction, holder, form, shell)
        if found is None:
            return None
        place, shell = found
        if shell and not _is_shell(shell[0]):
            return None
        syntax = parse_shell(place.text)
        return Script(
            place.text, syntax.commands, syntax.is_readable, place.span_of, holder, shell,
            syntax.pipelines,
        )  # fmt: skip

    def _place(
        self, instruction: Instruction, holder: Instruction, form: Form, shell: tuple[str, ...]
    ) -> tuple[Placed, tuple[str, ...]] | None:
        """The text with its place, and who reads it."""
        escape = self._dockerfile.escape
        elsewhere = ((0, instruction.span.start),)
        if isinstance(form, ExecForm):
            array = command_place(holder.rest, instruction, escape)
            place = array and array_place(array, form.args)
            text = " ".join(form.args)
            return place or Placed(text, instruction.span.source, elsewhere), ()
        place = command_place(form.text, instruction, escape)
        place = place or Placed(form.text, instruction.span.source, elsewhere)
        # A trigger's own heredocs have no places.
        pairs = list(zip(holder.heredocs, instruction.heredocs, strict=False))
        if not pairs:
            return place, shell
        if len(pairs) == 1:
            words = _line_without_heredoc(form.text)
            if words is not None and (not words or _reads_script(words)):
                body = body_place(*pairs[0])
                named = tuple(words) or _interpreter(body.text)
                is_foreign = bool(named) and _program(named[0]) not in _SHELLS
                return None if is_foreign else (body, named or shell)
        return _with_bodies(place, pairs), shell


def read_script(instruction: Instruction, dockerfile: Dockerfile) -> Script | None:
    """The script of one instruction; who wants more than one keeps a `ScriptReader`."""
    return ScriptReader(dockerfile)(instruction)


def _holder(instruction: Instruction) -> Instruction | None:
    """The instruction with the command: of ONBUILD, its trigger."""
    if not isinstance(instruction, Onbuild):
        return instruction
    if instruction.inner_keyword.text.upper() not in _HELD:
        return None
    try:
        return parse_trigger(instruction.trigger, instruction.span.source, instruction.span)
    except SourceError:
        return None


def _form(holder: Instruction | None) -> Form | None:
    return holder.command if isinstance(holder, Run | Cmd | Entrypoint | Healthcheck) else None


def _shells_in_effect(dockerfile: Dockerfile) -> dict[int, tuple[str, ...]]:
    """The shell of every instruction: what SHELL says, or the stage it starts from, or a comment."""
    chosen = [
        (comment.span.start, match[1])
        for comment in dockerfile.comments
        if "hadolint" in comment.text and (match := _CHOSEN.match(comment.text))
    ]
    current: tuple[str, ...] = DEFAULT_SHELL
    default = current
    named: dict[str, tuple[str, ...]] = {}
    name = ""
    has_stage = False
    shells: dict[int, tuple[str, ...]] = {}
    for instruction in dockerfile.instructions:
        while chosen and chosen[0][0] < instruction.span.start:
            current = (chosen.pop(0)[1], "-c")
            default = default if has_stage else current
        if isinstance(instruction, From):
            if has_stage:
                current = named.get(instruction.image.text.lower(), default)
            has_stage = True
            name = instruction.alias.text.lower() if instruction.alias else ""
        elif isinstance(instruction, Shell):
            current = instruction.command.args
        if name:
            named[name] = current
        shells[id(instruction)] = current
    return shells


def _program(path: str) -> str:
    """The name of a program without its folder."""
    return re.split(r"[/\\]", path)[-1].removesuffix(".exe")


def _is_shell(path: str) -> bool:
    name = _program(path).lower()
    return name not in _NO_SHELLS and not name.startswith("python")


def _line_without_heredoc(text: str) -> list[str] | None:
    """The words of a line besides its only heredoc; None if it is more than one plain command."""
    heredocs = find_heredocs(text)
    if len(heredocs) != 1:
        return None
    rest = text[: heredocs[0].start] + " " + text[heredocs[0].end :]
    return None if re.search(r"[|&;<>$`()\"'\\#]", rest) else rest.split()


def _reads_script(words: list[str]) -> bool:
    """Whether a command is a shell that reads commands from its standard input."""
    if _program(words[0]) not in _SHELLS:
        return False
    options = iter(words[1:])
    for option in options:
        if option[0] not in "-+" or "c" in option.lstrip("-+") and not option.startswith("--"):
            return False
        if option[1:2] != "-" and option.endswith("o"):
            next(options, None)
    return True


def _interpreter(body: str) -> tuple[str, ...]:
    """The program that the first line of a script names, with its options."""
    match = _SHEBANG.match(body)
    if match is None:
        return ()
    words = (match[1], *match[2].split())
    if _program(words[0]) != "env":
        return words
    return tuple(word for word in words[1:] if word[0] != "-" and "=" not in word) or words


def _with_bodies(place: Placed, pairs: list[tuple[Heredoc, Heredoc]]) -> Placed:
    """The line and the heredocs below it, as the shell reads them."""
    pieces = [place]
    for heredoc, original in pairs:
        span = original.body_span
        body = heredoc.content + heredoc.name
        pieces.append(Placed(body, span.source, ((0, span.start),)))
    return joined(pieces, "\n")
