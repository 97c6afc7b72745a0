"""The stop signal should be one that a program can act on.

What it does: reports STOPSIGNAL KILL and STOP, by name or number.

Why it matters: no program sees these signals; it cannot finish what it does, and STOP does not even end it.

Example:

    FROM busybox:1.36
    STOPSIGNAL SIGKILL

Use instead:

    FROM busybox:1.36
    STOPSIGNAL SIGTERM
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Stopsignal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_UNSEEN = frozenset(("KILL", "9", "STOP", "19"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        one = line.instruction
        if not isinstance(one, Stopsignal):
            continue
        signal = line.value(one.signal.text)
        if signal.upper().removeprefix("SIG") in _UNSEEN:
            yield about(one, f"No program can act on {signal}", one.signal.span)
