"""Every pattern of the ignore file should hide something.

What it does: reports patterns of .dockerignore that match nothing in the context, and patterns all of whose matches a
later `!` brings back. It stands at the first instruction that copies from the context.

Why it matters: a pattern that is misspelt protects nothing, and nobody notices.

Example (with a context that has no *.pem file, and *.pem in .dockerignore):

    FROM busybox
    COPY src /srv/

Use instead:

    FROM busybox
    RUN fetch-sources /srv/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import context_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ignore import IgnoreMatcher
    from lithify.compiler.lint.context import Diagnostic, LintContext


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    files, ignore = ctx.world.context, ctx.find_ignore()
    first = next((line for line in ctx.lines if any(context_sources(line))), None)
    paths = files.paths() if files is not None else None
    if ignore is None or paths is None or first is None:
        return
    for number, effect in enumerate(_effects(ignore, paths)):
        pattern = ignore.patterns[number]
        if effect == "none":
            message = f"The pattern {pattern.text} of the ignore file matches nothing"
            yield about(first.instruction, message)
        elif effect == "undone":
            message = (
                f"All that the pattern {pattern.text} of the ignore file hides is brought back"
            )
            yield about(first.instruction, message)


def _effects(ignore: IgnoreMatcher, paths: tuple[str, ...]) -> list[str]:
    """For each pattern what becomes of its matches: none, undone or kept."""
    found = ["none"] * len(ignore.patterns)
    for path in paths:
        hits = _hits(ignore, path.rstrip("/"))
        is_taken = ignore.is_taken(hits)
        for number, hit in enumerate(hits):
            if hit and (is_taken or ignore.patterns[number].is_negative):
                found[number] = "kept"
            elif hit and found[number] == "none":
                found[number] = "undone"
    return found


def _hits(ignore: IgnoreMatcher, path: str) -> tuple[bool, ...]:
    hits: tuple[bool, ...] = ()
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        hits = ignore.hits("/".join(parts[:count]), hits)
    return hits
