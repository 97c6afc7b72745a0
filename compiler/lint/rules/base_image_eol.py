"""Base images should still get security updates.

What it does: reports official images, and images at hand by their os-release, whose distribution or language is in a
release that its makers have stopped updating. Only what had ended by August 2026 is known.

Why it matters: holes that are found from then on stay open in every image that is built on it.

Example:

    FROM debian:stretch
    RUN do-something

Use instead:

    FROM debian:trixie
    RUN do-something
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.images import official_image, os_release
from lithify.compiler.lint.insight.releases import ended, ended_base, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.survey import SurveyedStage

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in ctx.reached:
        if stage.parent is not None or stage.resolved.stage.is_replaced:
            continue
        found = _named(stage) or _inside(ctx, stage)
        if found:
            source = stage.parsed.source
            yield about(source, found, source.image.span)


def _named(stage: SurveyedStage) -> str:
    image = official_image(stage)
    if image is None:
        return ""
    since = ended(image.name, _version(image.tag))
    if since:
        return told(f"{image.name} {image.tag.partition('-')[0]}", since)
    return ended_base(image.name, image.tag)


def _inside(ctx: LintContext, stage: SurveyedStage) -> str:
    release = os_release(ctx, stage)
    name, version = release.get("ID", ""), release.get("VERSION_ID", "")
    since = ended(name, _version(version))
    return told(release.get("PRETTY_NAME") or f"{name} {version}", since) if since else ""


def _version(text: str) -> tuple[int, ...]:
    match = _VERSION.match(text)
    return () if match is None else tuple(int(one) for one in match.groups() if one is not None)
