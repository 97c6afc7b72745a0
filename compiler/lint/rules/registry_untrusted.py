"""Images should come from trusted registries.

What it does: reports images in FROM, COPY --from and RUN --mount whose registry is not in the list `trustedRegistries` of
the configuration. A name without registry is one of docker.io; entries may begin or end with `*`. Without a list it is silent.

Why it matters: whoever fills the registry decides what is in the result.

Example (with `trustedRegistries: [registry.example.org]`):

    FROM elsewhere.example.com/base:1

Use instead:

    FROM registry.example.org/base:1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.compat import is_exact
from lithify.compiler.lint.context import about
from lithify.compiler.lint.family import SCRATCH, alias_of, sources, stage_key
from lithify.compiler.lint.image_name import parse_image_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext


_HUB = ("docker.io", "hub.docker.com")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    trusted = ctx.rule_options.trusted_registries
    if not trusted:
        return
    known = {SCRATCH}
    for index, section in enumerate(ctx.sections):
        if section.source is not None:
            image = section.source.image
            if not _is_fine(image.text, known, trusted, ctx):
                yield about(section.source, _message(image.text), image.span)
        if alias := alias_of(ctx, section):
            known.add(alias)
        known.add(str(index))
        for one in section.instructions:
            for source in sources(one):
                if not _is_fine(source.name, known, trusted, ctx):
                    yield about(one, _message(source.name), source.span)


def _message(image: str) -> str:
    return f"The image '{image}' is not of a trusted registry"


def _is_fine(image: str, known: set[str], trusted: tuple[str, ...], ctx: LintContext) -> bool:
    if stage_key(ctx, image) in known or image.startswith("$"):
        return True
    registry = parse_image_name(image).registry
    if registry == "localhost" and is_exact(ctx):
        registry = ""
    names = (registry,) if registry else _HUB
    return any(_matches(name, entry) for name in names for entry in trusted)


def _matches(registry: str, entry: str) -> bool:
    if entry.startswith("*"):
        return registry.endswith(entry[1:])
    return registry.startswith(entry[:-1]) if entry.endswith("*") else registry == entry
