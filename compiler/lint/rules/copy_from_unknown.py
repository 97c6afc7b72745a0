"""COPY should take files from a stage above or from an image with a tag.

What it does: reports a --from that is no name or number of an earlier stage, no named context, and has no tag either.

Why it matters: it is taken for an image; if a stage was meant, the build looks for that image in a registry.

Example:

    FROM golang:1.22 AS build
    FROM busybox:1.36
    COPY --from=bulid /srv/tool /srv/tool

Use instead:

    FROM golang:1.22 AS build
    FROM busybox:1.36
    COPY --from=build /srv/tool /srv/tool
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.edits import source_name
from lithify.compiler.lint.family import alias_of, sources, stage_key
from lithify.errors import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.family import Source
    from lithify.grammar.ast import Instruction


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    known: list[str] = []
    contexts = _contexts(ctx)
    for index, section in enumerate(ctx.sections):
        here = alias_of(ctx, section)
        for one in section.instructions:
            for source in sources(one):
                key = stage_key(ctx, source.name)
                if not source.is_copy or ":" in key or key in (*known, here, *contexts):
                    continue
                if not (key.isascii() and key.isdigit() and int(key[:9]) <= index):
                    yield _finding(one, source, tuple(known), is_number=key.isdigit())
        if here:
            known.append(here)


def _contexts(ctx: LintContext) -> set[str]:
    options = ctx.options
    pairs = (*options.image_contexts, *options.target_contexts)
    return {*options.local_contexts, *(name for name, _ in pairs)}


def _finding(
    instruction: Instruction, source: Source, known: tuple[str, ...], *, is_number: bool
) -> Diagnostic:
    guess = "" if is_number else closest(source.name.lower(), known)
    question = f", did you mean '{guess}'?" if guess else ""
    message = f"'{source.name}' is no stage above and no image with a tag{question}"
    place = source_name(source)
    if not guess or place is None:
        return about(instruction, message, place or source.span)
    fix = Fix(f"Take it from '{guess}'", (Edit(place, guess),), is_safe=False)
    return about(instruction, message, place, fixes=(fix,))
