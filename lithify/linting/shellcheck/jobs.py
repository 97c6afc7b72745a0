"""Owns what is asked of ShellCheck for one file: which scripts, in which dialect, with which variables.

RUN in shell form and with heredocs is asked about, also as a trigger; the exec form has no shell. Variables are the
names that ARG and ENV have given so far, in the stage and those it is built on. It refuses dialects that ShellCheck
does not know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.grammar.ast import Arg, Env, From, Onbuild, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.shell.model import Script
    from lithify.grammar.ast import Instruction

#: Program -> the name by which ShellCheck knows its language.
_DIALECTS = {"sh": "sh", "bash": "bash", "dash": "dash", "ash": "ash", "ksh": "ksh", "mksh": "ksh"}
_PROXIES = tuple(
    spelled for name in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")
    for spelled in (name, name.lower())
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_SCRIPT = 256 * 1024


class Job(NamedTuple):
    """A script to look at; `instruction` is the one of the file that holds it."""

    dialect: str
    variables: frozenset[str]
    script: Script
    instruction: Instruction

    @property
    def text(self) -> str:
        return self.script.text


def jobs_of(context: LintContext) -> Iterator[Job]:
    """The jobs of a file, in file order."""
    named: dict[str, frozenset[str]] = {}
    for section in context.sections:
        known = frozenset(_PROXIES)
        name = ""
        if section.source is not None:
            known = named.get(section.source.image.text.lower(), known)
            name = section.source.alias.text.lower() if section.source.alias else ""
        for instruction in section.instructions:
            if not isinstance(instruction, From):
                known |= _names(instruction)
                yield from _jobs(context, instruction, known)
        if name:
            named[name] = known


def _jobs(context: LintContext, instruction: Instruction, known: frozenset[str]) -> Iterator[Job]:
    is_trigger = (
        isinstance(instruction, Onbuild) and instruction.inner_keyword.text.upper() == "RUN"
    )
    if not (isinstance(instruction, Run) or is_trigger):
        return
    script = context.script(instruction)
    if script is None or not script.shell or len(script.text) > _LARGEST_SCRIPT:
        return
    dialect = _DIALECTS.get(re.split(r"[/\\]", script.shell[0])[-1])
    if dialect is not None and script.text.strip():
        yield Job(dialect, known, script, instruction)


def _names(instruction: Instruction) -> frozenset[str]:
    """The variables that an instruction gives, as far as a shell can have them."""
    found: tuple[str, ...] = ()
    if isinstance(instruction, Arg):
        found = tuple(one.name.text for one in instruction.declarations)
    elif isinstance(instruction, Env):
        found = tuple(pair.key.text for pair in instruction.pairs)
    return frozenset(name for name in found if _NAME.fullmatch(name))
