"""The user of the container should be able to read what was copied for it.

What it does: reports a COPY or ADD of the resulting image that brings files from the context which only their owner may
read, without --chown and --chmod, if the container is executed by another user than root.

Why it matters: copied files belong to root. The program fails when it opens them, often only on another machine,
where the files have other modes.

Example (with a context in which app.conf has the mode 600):

    FROM busybox
    COPY app.conf /etc/app.conf
    USER 1000
    CMD ["app"]

Use instead:

    FROM busybox
    COPY --chown=1000 app.conf /etc/app.conf
    USER 1000
    CMD ["app"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.compiler.lint.insight.edits import with_flag
from lithify.compiler.lint.insight.files import visible
from lithify.compiler.lint.insight.scripts import program, steps
from lithify.compiler.lint.insight.story import shipped
from lithify.grammar.ast import CopyLike, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.files import Visible
    from lithify.compiler.lint.insight.story import Place

_READ_BY_OTHERS = 0o004
_MOST_FILES = 2000


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen, places = visible(ctx), shipped(ctx)
    users = [place for place in places if isinstance(place.instruction, User)]
    if seen is None or not users or _changes_modes(ctx, places):
        return
    last = users[-1].instruction
    assert isinstance(last, User)
    user = users[-1].line.value(last.user.text)
    if user.partition(":")[0] in ("", "0", "root") or "$" in user:
        return
    for place in places:
        instruction = place.instruction
        if (
            not isinstance(instruction, CopyLike)
            or instruction.flag("chown")
            or instruction.flag("chmod")
        ):
            continue
        path = _unreadable(ctx, place, seen)
        if path:
            message = f"{user} cannot read {path}: only its owner may, who is root in the image"
            fix = Fix(
                f"Copy with --chown={user}", (with_flag(instruction, f"--chown={user}"),), False
            )
            related = Related(last.span, "the user of the container")
            yield about(instruction, message)._replace(fixes=(fix,), related=(related,))


def _changes_modes(ctx: LintContext, places: tuple[Place, ...]) -> bool:
    """Whether any RUN changes owners or modes: which files it means is not looked at."""
    changers = ("chown", "chmod", "chgrp", "setfacl", "install", "cp", "mv")
    return any(program(one) in changers for step in steps(ctx, places) for one in step.commands)


def _unreadable(ctx: LintContext, place: Place, seen: Visible) -> str:
    files = ctx.world.context
    assert files is not None
    for source in context_sources(place.line):
        for top in seen.matches(source.value):
            for path in seen.below(top)[:_MOST_FILES]:
                mode = files.mode(path)
                if mode is not None and not mode & _READ_BY_OTHERS:
                    return path
    return ""
