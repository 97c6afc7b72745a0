"""The same RUN should give the same result tomorrow.

What it does: reports RUN with the date, a random number, `git clone` of a branch, and downloads whose address says
latest, master or main.

Why it matters: the image is another with every build, and nobody can tell why; or the cache keeps an old state for
years.

Example:

    FROM busybox
    RUN wget https://example.org/tool/latest/tool.tar

Use instead:

    FROM busybox
    RUN wget https://example.org/tool/1.4.2/tool.tar
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.downloads import downloads
from lithify.compiler.lint.insight.scripts import operands, option, program, steps
from lithify.compiler.lint.insight.story import every_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command

_MOVING = re.compile(r"/(?:latest|master|main|HEAD|nightly)(?:/|\.(?:tar|zip|tgz)|\Z)")
_VALUED = frozenset(
    ("-b", "--branch", "--depth", "-c", "--config", "-o", "--origin", "-j", "--filter")
)
_DRAWN = "A random number makes every build another"
_FIXED = re.compile(r"v?\d|\$|[0-9a-f]{7,}\Z")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        for one in downloads(step.script):
            moving = _MOVING.search(one.url.text)
            if moving is not None:
                message = "What this address gives is another with every release"
                yield about(step.run, message, step.span(one.url))
        for command in step.commands:
            reason = _reason(step, command)
            if reason:
                yield about(step.run, reason, step.span(command))
            for word in command.arguments:
                if not word.is_literal and "${RANDOM}" in word.text:
                    yield about(step.run, _DRAWN, step.span(word))


def _reason(step: Step, command: Command) -> str:
    words = [word.text for word in command.arguments]
    match program(command):
        case "date" if not any(one in words for one in ("-d", "-r", "-s")) and not any(
            one.startswith(("--date", "--reference", "--set", "-d", "@")) for one in words
        ):
            return "The date makes every build another: use SOURCE_DATE_EPOCH"
        case "uuidgen" | "mcookie":
            return _DRAWN
        case "git" if operands(command)[:1] and operands(command)[0].text == "clone":
            return _clone(step, command)
    return ""


def _clone(step: Step, command: Command) -> str:
    branch = option(command, "-b", "--branch", "--revision")
    if branch is not None and (_FIXED.match(branch.text) or not branch.is_literal):
        return ""
    later = (one for one in step.commands if one.start > command.start and program(one) == "git")
    if any(word.text in ("checkout", "reset", "switch") for one in later for word in one.arguments):
        return ""
    what = f"the branch {branch.text}" if branch is not None else "the default branch"
    return f"This clones whatever {what} is today: name a tag, or check out a commit"
