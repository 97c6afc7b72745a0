"""Secrets should not be given by ARG or ENV.

What it does: reports names such as TOKEN, DB_PASSWORD or api_key, but not PUBLIC_KEY, KEY_FILE or TOKEN_VERSION.

Why it matters: values of both stay in the image's history or config, for everyone who has the image.

Example:

    FROM busybox
    ARG API_TOKEN
    RUN fetch --token "$API_TOKEN"

Use instead:

    FROM busybox
    RUN --mount=type=secret,id=API_TOKEN,env=API_TOKEN fetch --token "$API_TOKEN"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.grammar.ast import Arg, Env

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import Line
    from lithify.errors import Span


_SECRET = frozenset(("apikey", "auth", "credential", "credentials", "key", "password", "pword",
                     "passwd", "secret", "token"))  # fmt: skip
_HARMLESS = frozenset(("public", "file", "version"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for line in ctx.lines:
        for name, span in _names(line):
            if is_secret(name):
                keyword = line.instruction.name
                yield about(
                    line.instruction,
                    f'Do not use ARG or ENV instructions for sensitive data ({keyword} "{name}")',
                    focus=span,
                )


def is_secret(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    words = frozenset(name.lower().split("_"))
    return bool(words & _SECRET) and not words & _HARMLESS


def _names(line: Line) -> Iterator[tuple[str, Span]]:
    instruction = line.instruction
    if isinstance(instruction, Arg):
        yield from ((one.name.text, one.name.span) for one in instruction.declarations)
    elif isinstance(instruction, Env):
        yield from ((line.value(one.key.text), one.key.span) for one in instruction.pairs)
