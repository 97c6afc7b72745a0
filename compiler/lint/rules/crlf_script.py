"""Scripts should have the line ends of the system that executes them.

What it does: reports files of the context that COPY or ADD brings whose first line is `#!` with a program and ends in
CR LF.

Why it matters: the carriage return becomes part of the program's name: "no such file or directory", though it is there.

Example (with a context in which start.sh has CR LF line ends):

    FROM busybox
    COPY start.sh /start.sh
    ENTRYPOINT ["/start.sh"]

Use instead:

    FROM busybox
    COPY <<start.sh /start.sh
    #!/bin/sh
    exec server
    start.sh
    ENTRYPOINT ["sh", "/start.sh"]
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.compiler.lint.insight.files import visible
from lithify.compiler.lint.insight.scripts import mentions
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

_SUFFIXES = ("", ".sh", ".bash", ".py", ".pl", ".rb")
_MOST_BYTES = 256
_MOST_FILES = 500


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen, files = visible(ctx), ctx.world.context
    if seen is None or files is None or _converts(ctx):
        return
    for line in ctx.lines:
        for source in context_sources(line):
            paths = [one for top in seen.matches(source.value) for one in seen.below(top)]
            scripts = [one for one in paths if posixpath.splitext(one)[1] in _SUFFIXES]
            for path in scripts[:_MOST_FILES]:
                first, newline, _ = (files.read(path, _MOST_BYTES) or b"").partition(b"\n")
                if newline and first.startswith(b"#!") and first.endswith(b"\r"):
                    message = f"{path} has CR LF line ends, so that its #! names no program"
                    yield about(line.instruction, message, source.word.span)


def _converts(ctx: LintContext) -> bool:
    """Whether a RUN changes line ends."""
    runs = (line.instruction.rest for line in ctx.lines if isinstance(line.instruction, Run))
    return any(mentions(text, "dos2unix") or "\\r" in text for text in runs)
