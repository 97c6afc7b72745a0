"""Packages installed with npm have a version.

What it does: reports packages that npm installs without saying which version.

Why it matters: the same file gives another image tomorrow, and what breaks then has changed nowhere in sight.

Example:

    FROM node
    RUN npm install fastify

Use instead:

    FROM node
    RUN npm install fastify@4.28.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.packages import unpinned
from lithify.compiler.lint.commands.runs import behind, commands, operands, valued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


#: Options that take a value of their own.
_VALUED = ("loglevel", "registry", "prefix", "cache", "tag")
_PATHS = ("/", "./", "../", "~/")
_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_GIT = ("git://", "git+ssh://", "git+http://", "git+https://", "git+file://")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for run, command in commands(ctx, lambda one: one.calls("npm", "install")):
        words = operands(command, frozenset(_VALUED))
        if words and words[0].text == "install":
            given = behind(operands(command, valued(ctx, (), _VALUED)), "install")
            bad = [word for word in given if not _is_pinned(word.text)]
            yield from unpinned(run, bad, "name@version")


def _is_pinned(text: str) -> bool:
    """A version or a revision is named, or a file or folder of the build."""
    if text.startswith(_PATHS) or text.endswith(_ARCHIVES):
        return True
    return "#" in text if text.startswith(_GIT) else "@" in text.removeprefix("@")
