"""A file for several platforms should not download for one.

What it does: reports an address or a package name with amd64, x86_64, arm64 or aarch64 in RUN and ADD, in a file that
works with TARGETARCH, TARGETPLATFORM or BUILDPLATFORM elsewhere, or is built for several platforms.

Why it matters: the image for the other platforms holds a program that they cannot execute.

Example:

    FROM --platform=$BUILDPLATFORM busybox AS build
    RUN compile --for "$TARGETARCH"
    FROM busybox
    ADD https://example.org/tool-linux-amd64 /usr/bin/tool
    COPY --from=build /app /app

Use instead:

    FROM --platform=$BUILDPLATFORM busybox AS build
    RUN compile --for "$TARGETARCH"
    FROM busybox
    ARG TARGETARCH
    ADD https://example.org/tool-linux-$TARGETARCH /usr/bin/tool
    COPY --from=build /app /app
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import sources
from lithify.compiler.lint.insight.downloads import downloads
from lithify.compiler.lint.insight.scripts import steps
from lithify.compiler.lint.insight.story import every_place
from lithify.grammar.ast import Add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.survey import SurveyedStage
    from lithify.errors import Span

_ARCHITECTURE = re.compile(
    r"(?<![a-z0-9])(amd64|x86_64|x86-64|arm64|aarch64)(?![a-z0-9])", re.IGNORECASE
)
_PLATFORM = re.compile(r"\b(?:TARGET(?:ARCH|PLATFORM|VARIANT)|BUILDPLATFORM)\b")
_CHOICE = re.compile(r"\b(?:uname|dpkg|TARGET(?:ARCH|PLATFORM)|case|if|apk --print-arch|arch)\b")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    if not _is_for_several(ctx):
        return
    for place in every_place(ctx):
        if _is_pinned(place.stage):
            continue
        for text, span in _addresses(ctx, place):
            found = _ARCHITECTURE.search(text)
            if found is not None:
                message = (
                    f"This is for {found[1]} alone, whatever platform is built for: use TARGETARCH"
                )
                yield about(place.instruction, message, span)


def _is_for_several(ctx: LintContext) -> bool:
    architectures = {one.architecture for one in ctx.options.platforms}
    text = "\n".join(one.span.text for one in ctx.dockerfile.instructions)
    return len(architectures) > 1 or _PLATFORM.search(text) is not None


def _is_pinned(stage: SurveyedStage) -> bool:
    """Whether the stage is for one platform by its FROM."""
    source = stage.parsed.source
    flag = source.flag("platform")
    if flag is not None and "TARGET" not in (flag.value or ""):
        return True
    return stage.parent is not None and _is_pinned(stage.parent)


def _addresses(ctx: LintContext, place: Place) -> Iterator[tuple[str, Span]]:
    if isinstance(place.instruction, Add):
        yield from ((one.word.text, one.word.span) for one in sources(place.line) if one.is_remote)
    for step in steps(ctx, (place,)):
        if not _CHOICE.search(step.script.text):
            yield from ((one.url.text, step.span(one.url)) for one in downloads(step.script))
