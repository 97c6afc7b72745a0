"""Packages should be installed with the manager that the base image has.

What it does: reports apt-get in a stage on Alpine, apk in one on Debian, and the like. The distribution is that of the
image at hand, or follows from the name of an official image.

Why it matters: the program is not there, and the build fails.

Example:

    FROM alpine:3.22
    RUN apt-get install --yes curl

Use instead:

    FROM alpine:3.22
    RUN apk add --no-cache curl
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix, Related, about
from lithify.compiler.lint.insight.images import family
from lithify.compiler.lint.insight.packages import MANAGERS, SYSTEM, installation
from lithify.compiler.lint.insight.scripts import is_conditional, mentions, program, steps, text_of
from lithify.compiler.lint.insight.story import ancestry, every_place, story
from lithify.grammar.ast import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command

_OWN = {"debian": "apt-get", "alpine": "apk", "fedora": "dnf", "suse": "zypper", "arch": "pacman"}
_PLAIN = re.compile(r"[a-z0-9][a-z0-9+.-]*\Z")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    families: dict[int, str] = {}
    for step in steps(ctx, every_place(ctx)):
        if is_conditional(step.script):
            continue
        index = step.place.stage.parsed.index
        if index not in families:
            families[index] = family(ctx, step.place.stage)
        name = families[index]
        for command in step.commands:
            manager = program(command)
            if not name or manager not in SYSTEM or manager in MANAGERS[name]:
                continue
            if command.outer >= 0 or _may_be_there(step, manager):
                continue
            source = ancestry(step.place.stage)[0].parsed.source
            family_name = f"of the family of {name}"
            message = f"{manager} is not in this image, which is {family_name}: use {_OWN[name]}"
            related = Related(source.image.span, "the base image")
            finding = about(step.run, message, step.span(command.head))
            yield finding._replace(related=(related,), fixes=tuple(_fixes(step, command, name)))
            break


def _may_be_there(step: Step, manager: str) -> bool:
    """Whether something before, or this script, may install another manager."""
    kin = {manager}.union(*(one for one in MANAGERS.values() if manager in one))
    for place in story(step.place.stage):
        if place.instruction is step.run:
            break
        if isinstance(place.instruction, Run) and any(mentions(text_of(place), one) for one in kin):
            return True
    installs = filter(None, map(installation, step.commands))
    return any(word.text in kin for one in installs for word in one.packages)


def _fixes(step: Step, command: Command, name: str) -> Iterator[Fix]:
    """A plain list of packages, under the same names."""
    install = installation(command)
    if install is None or name not in ("debian", "alpine") or len(step.commands) != 1:
        return
    names = [word.text for word in install.packages]
    if not names or not all(_PLAIN.match(one) for one in names):
        return
    packages = " ".join(names)
    text = f"apk add --no-cache {packages}"
    if name == "debian":
        text = f"apt-get update && apt-get install --yes --no-install-recommends {packages}"
    yield Fix(f"Use {_OWN[name]}", (Edit(step.span(command), text),), is_safe=False)
