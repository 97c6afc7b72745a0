"""ENV should not refer to a variable that it only just sets.

What it does: reports a reference to another variable of the same ENV that nothing has set before.
It is a rule of the hadolint profile; otherwise `undefined-var` speaks of it, with the verdict of the builder.

Why it matters: all values of an instruction see what was before it, so the reference is empty.

Example:

    FROM busybox:1.36
    ENV HOME_DIR=/srv BIN_DIR=$HOME_DIR/bin

Use instead:

    FROM busybox:1.36
    ENV HOME_DIR=/srv
    ENV BIN_DIR=$HOME_DIR/bin
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Arg, Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

_REFERENCE = r"\$(?:\{{{0}\}}|{0}(?![A-Za-z0-9_]))"


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    known: set[str] = set()
    for one in ctx.dockerfile.instructions:
        if isinstance(one, Arg):
            known |= {declared.name.text for declared in one.declarations}
        elif isinstance(one, Env):
            names = {pair.key.text for pair in one.pairs}
            for pair in one.pairs:
                for name in sorted(names - known - {pair.key.text}):
                    if re.search(_REFERENCE.format(re.escape(name)), pair.value.text):
                        message = f"'{name}' is set by this very instruction, too late for a use"
                        yield about(one, message, pair.value.span)
            known |= names
