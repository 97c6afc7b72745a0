"""Secrets should never be written into a layer.

What it does: reports a RUN that copies or prints a mounted secret into a file that stays, and a RUN that deletes a
file with a secret's name which a COPY has brought.

Why it matters: a layer is never changed by those above it: a file that is deleted later is still there for everyone who
has the image.

Example:

    FROM busybox
    COPY id_ed25519 /root/.ssh/id_ed25519
    RUN fetch-sources && rm /root/.ssh/id_ed25519

Use instead:

    FROM busybox
    RUN --mount=type=secret,id=key,target=/root/.ssh/id_ed25519 fetch-sources
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.copies import is_below, tops
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.scripts import operands, program, steps
from lithify.compiler.lint.insight.story import every_place, story
from lithify.grammar.ast import CopyLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.shell.model import Command

_SECRET = re.compile(
    r"id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|p12|pfx|ppk)|.*[._-]key|\.netrc|_netrc|"
    r"\.npmrc|\.pypirc|\.git-credentials|\.dockercfg|"
    r".*(?:secret|token|password|credential)s?(?:\.(?:txt|json|ya?ml))?"
)
_READERS = frozenset(("cat", "cp", "mv", "install", "tee", "base64"))
_PASSING = ("/dev/", "/proc/", "/tmp/", "/run/")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        yield from _kept(step)
        yield from _deleted(ctx, step)


def _kept(step: Step) -> Iterator[Diagnostic]:
    """A mounted secret that is copied to where it stays."""
    mounted = mounts(step.place)
    secrets = {one.target for one in mounted if one.fields.kind == "secret" and one.target}
    passing = tuple(one.target for one in mounted if one.target and one.target not in secrets)
    for command in step.commands if secrets else ():
        words = [word.text for word in operands(command)]
        if program(command) not in _READERS or not secrets & set(words[:1]):
            continue
        file = _written(command, words)
        path = step.place.absolute(file) if file else None
        if path is None or path.startswith(_PASSING) or any(is_below(path, one) for one in passing):
            continue
        if not _removed_here(step, path):
            message = f"This writes the secret {words[0]} into the layer, as {path}"
            yield about(step.run, message, step.span(command))


def _written(command: Command, words: list[str]) -> str:
    for one in command.redirections:
        if one.operator in (">", ">>", ">|"):
            return one.target.text
    is_copy = program(command) in ("cp", "mv", "install") and len(words) > 1
    return words[-1] if is_copy else ""


def _removed_here(step: Step, path: str) -> bool:
    removals = (one for one in step.commands if program(one) in ("rm", "shred", "unlink"))
    paths = (step.place.absolute(word.text) for one in removals for word in operands(one))
    return any(one is not None and is_below(path, one) for one in paths)


def _deleted(ctx: LintContext, step: Step) -> Iterator[Diagnostic]:
    """A secret that an earlier COPY has brought for good."""
    for command in step.commands:
        if program(command) not in ("rm", "shred", "unlink"):
            continue
        for word in operands(command):
            path = step.place.absolute(word.text)
            if path is None or not _SECRET.fullmatch(posixpath.basename(path).lower()):
                continue
            for place in story(step.place.stage):
                if place.instruction is step.run:
                    break
                is_copy = isinstance(place.instruction, CopyLike)
                if is_copy and path in (tops(place, ctx) or ()):
                    message = f"{path} stays in the layer of line {place.instruction.span.line}"
                    related = Related(place.instruction.span, "copied here")
                    finding = about(step.run, f"{message}: mount it as a secret", step.span(word))
                    yield finding._replace(related=(related,))
