"""Owns how package managers name versions, and how a finding about missing ones reads.

One module, because the pin rules differ in little but their patterns. It refuses to know which versions there are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.runs import behind, executed, operands
from lithify.compiler.lint.commands.stages import named_variables
from lithify.compiler.lint.rule import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.shell.model import Command, ShellWord

_MOST_NAMES = 4
_VERSION_PART = re.compile(r"[\w.~^:]+")
_VARIABLE = re.compile(r"\$\{?(\w+)")
_PIP = re.compile(r"pip(?:x|[\d.]*)")
_RPM_INSTALLS = ("install", "module", "group")


def unpinned(run: Executed, words: list[ShellWord], form: str) -> Iterator[Diagnostic]:
    """The finding about packages without a version; `form` shows how to give one."""
    if not words:
        return
    names = ", ".join(word.text for word in words[:_MOST_NAMES])
    if len(words) > _MOST_NAMES:
        names += f" and {len(words) - _MOST_NAMES} more"
    yield run.about(words[0], f"No version is given for {names}: write {form}")


def unpinned_rpms(
    ctx: LintContext, tools: tuple[str, ...], skipped: tuple[str, ...] = ()
) -> Iterator[Diagnostic]:
    """Packages without a version that yum or its kind installs; not with the `skipped` subcommands."""
    for instruction, names in named_variables(ctx):
        run = executed(ctx, instruction)
        for command in run.commands if run is not None else ():
            is_install = command.name in tools and command.has_argument("install")
            if run is None or not is_install or command.has_argument(*skipped):
                continue
            words = behind(operands(command), *_RPM_INSTALLS)
            is_module = command.has_argument("module")
            bad = [
                word
                for word in words
                if not _has_version(word.text, names, is_module) and not _is_file(ctx, word.text)
            ]
            yield from unpinned(run, bad, "module:stream" if is_module else "name-version")


def _has_version(text: str, names: AbstractSet[str], is_module: bool) -> bool:
    if is_module:
        return ":" in text
    if "$" in text:
        return all(name in names for name in _VARIABLE.findall(text))
    parts = text.split("-")[1:]
    is_versions = all(_VERSION_PART.fullmatch(part) for part in parts)
    return is_versions and any(part[:1].isdigit() for part in parts)


def _is_file(ctx: LintContext, text: str) -> bool:
    return ctx.profile is not Profile.HADOLINT and text.endswith(".rpm") and "/" in text


def pip_installs(ctx: LintContext, run: Executed) -> Iterator[Command]:
    """Where pip or pipx installs something, called by its name or as a module of Python."""
    for command in run.commands:
        if not command.has_argument("install"):
            continue
        if not command.name.startswith("python"):
            is_pip = _PIP.fullmatch(command.name) is not None
        elif ctx.profile is Profile.HADOLINT:
            words = " ".join(word.text for word in command.arguments)
            is_pip = "-m pip install" in words
        else:
            is_pip = command.has_flag("m") and command.has_argument("pip")
        if is_pip:
            yield command
