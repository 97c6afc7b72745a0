"""What pip downloads to choose from does not stay in the image.

What it does: reports pip where its cache stays in the layer.

Why it matters: nothing reads it again, yet every push and pull carries it. A cache mount keeps it out of the image and
makes the next build faster besides.

Example:

    FROM python
    RUN pip install requests==2.32.3

Use instead:

    FROM python
    RUN pip install --no-cache-dir requests==2.32.3
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.commands.changes import insert_after
from lithify.compiler.lint.commands.packages import pip_installs
from lithify.compiler.lint.commands.runs import executed
from lithify.compiler.lint.family import bases, unquoted
from lithify.grammar.ast import Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.lint.context import Diagnostic, LintContext

_VARIABLE = "PIP_NO_CACHE_DIR"
_TRUE = frozenset(("1", "true", "on", "yes"))
_IN_SCRIPT = re.compile(rf"{_VARIABLE}=[\"']?(?:{'|'.join(sorted(_TRUE))})\b", re.IGNORECASE)


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    offs: list[bool] = []
    for section, base in zip(ctx.sections, bases(ctx), strict=True):
        is_off = base is not None and offs[base]
        for instruction in section.instructions:
            if isinstance(instruction, Env):
                is_off = _after(instruction, is_off)
            elif not is_off and (run := executed(ctx, instruction)) is not None:
                yield from _found(ctx, run)
        offs.append(is_off)


def _after(env: Env, is_off: bool) -> bool:
    """Whether pip keeps no cache once an ENV has spoken."""
    for pair in env.pairs:
        if pair.key.text == _VARIABLE:
            is_off = unquoted(pair.value.text).lower() in _TRUE
    return is_off


def _found(ctx: LintContext, run: Executed) -> Iterator[Diagnostic]:
    if _IN_SCRIPT.search(run.script.text) or run.keeps_out(ctx, ".cache/pip"):
        return
    for command in pip_installs(ctx, run):
        if command.name != "pipx" and not command.has_flag("no-cache-dir"):
            word = next(word for word in command.arguments if word.text == "install")
            message = "What pip downloads stays in the layer: add --no-cache-dir"
            yield run.about(command, message, *insert_after(run, word, "--no-cache-dir"))
