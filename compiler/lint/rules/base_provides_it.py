"""What the base image has need not be installed.

What it does: reports packages of apt-get and apk that the base image, if it is at hand, has installed already.

Why it matters: an installed package is upgraded instead, which stores its files a second time, or nothing happens,
and the list of packages says more than is needed.

Example (with a base image that has curl):

    FROM image-with-curl
    RUN apt-get update && apt-get install --yes curl tree

Use instead:

    FROM image-with-curl
    RUN apt-get update && apt-get install --yes tree
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.insight.images import read_image
from lithify.compiler.lint.insight.packages import installation
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import every_place
from lithify.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.packages import Install
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import ShellWord
    from lithify.compiler.survey import SurveyedStage

_MOST_BYTES = 16 * 1024 * 1024
_DPKG = re.compile(r"^Package: (\S+)\n(?:[^\n]+\n)*?Status: install ok installed$", re.MULTILINE)
_APK = re.compile(r"^P:(\S+)$", re.MULTILINE)
_DATABASES = {
    "apt-get": ("/var/lib/dpkg/status", _DPKG),
    "apt": ("/var/lib/dpkg/status", _DPKG),
    "apk": ("/lib/apk/db/installed", _APK),
}
_REMOVALS = frozenset(("remove", "purge", "autoremove", "del", "upgrade", "dist-upgrade"))


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    known: dict[tuple[int, str], frozenset[str]] = {}
    for step in steps(ctx, every_place(ctx)):
        for install in filter(None, map(installation, step.commands)):
            if install.manager not in _DATABASES or _takes_away(step):
                continue
            stage = step.place.stage
            key = (stage.parsed.index, install.manager)
            if key not in known:
                known[key] = _installed(ctx, stage, install.manager)
            yield from _report(step, install, known[key])


def _takes_away(step: Step) -> bool:
    """Whether a script removes packages too: then naming one may be meant to keep it."""
    words = (
        word.text for one in step.commands for word in operands(one) if program(one) in _DATABASES
    )
    return not _REMOVALS.isdisjoint(words)


def _installed(ctx: LintContext, stage: SurveyedStage, manager: str) -> frozenset[str]:
    path, pattern = _DATABASES[manager]
    return frozenset(pattern.findall(read_image(ctx, stage, path, _MOST_BYTES) or ""))


def _report(step: Step, install: Install, installed: frozenset[str]) -> Iterator[Diagnostic]:
    for word in install.packages:
        if word.text not in installed:
            continue
        span = step.span(word)
        fixes = _fixes(step, install, word) if len(install.packages) > 1 else ()
        finding = about(step.run, f"The base image has {word.text} already", span)
        yield finding._replace(fixes=fixes)


def _fixes(step: Step, install: Install, word: ShellWord) -> tuple[Fix, ...]:
    """Deletes the word, with what parts it from the one before."""
    words = (install.command.head, *install.command.arguments)
    before, span = step.span(words[words.index(word) - 1]), step.span(word)
    between = span.source.text[before.end : span.start]
    if span.text != word.text or between.strip(" \t\r\n\\`"):
        return ()
    edit = Edit(Span(span.source, before.end, span.end), "")
    return (Fix(f"Delete {word.text}", (edit,), is_safe=False),)
