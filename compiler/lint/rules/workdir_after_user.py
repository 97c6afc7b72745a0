"""The directory of the application should be made with a known owner.

What it does: reports WORKDIR to a directory that is not there yet, after USER has chosen another user than root.

Why it matters: builders differ in whose it becomes: root, with the classic builder, and the user cannot write into
it; or the user's own.

Example:

    FROM busybox
    USER app
    WORKDIR /srv/app
    COPY . .

Use instead:

    FROM busybox
    RUN mkdir -p /srv/app && chown app /srv/app
    USER app
    WORKDIR /srv/app
    COPY . .
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import about
from lithify.compiler.lint.insight.copies import destination, is_below
from lithify.compiler.lint.insight.images import image_has
from lithify.compiler.lint.insight.scripts import text_of
from lithify.compiler.lint.insight.story import every_place, story
from lithify.grammar.ast import CopyLike, Run, Workdir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for place in every_place(ctx):
        instruction, user = place.instruction, place.user
        if not isinstance(instruction, Workdir) or not user or _is_root(user):
            continue
        path = place.absolute(place.line.value(instruction.path.text))
        if (
            path is None
            or path == "/"
            or image_has(ctx, place.stage, path)
            or _is_made(place, path)
        ):
            continue
        message = (
            f"Whether {path} belongs to {user} or to root depends on the builder: make it before"
        )
        yield about(instruction, message, instruction.path.span)


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in ("", "0", "root") or "$" in user


def _is_made(place: Place, path: str) -> bool:
    """Whether something before may have made the directory."""
    for earlier in story(place.stage):
        if earlier.instruction is place.instruction:
            return False
        if isinstance(earlier.instruction, Run) and path.rpartition("/")[2] in text_of(earlier):
            return True
        made = None
        if isinstance(earlier.instruction, Workdir):
            made = earlier.absolute(earlier.line.value(earlier.instruction.path.text))
        elif isinstance(earlier.instruction, CopyLike):
            made = destination(earlier)
        if made is not None and is_below(made, path):
            return True
    return False
