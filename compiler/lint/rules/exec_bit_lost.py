"""A script that the container executes should be executable.

What it does: reports ENTRYPOINT and CMD in array form whose program is a file of the context without execute
permission, copied without --chmod, which no RUN changes.

Why it matters: the container does not start: "permission denied".

Example (with a context in which start.sh has the mode 644):

    FROM busybox
    COPY start.sh /start.sh
    ENTRYPOINT ["/start.sh"]

Use instead:

    FROM busybox
    COPY --chmod=755 start.sh /start.sh
    ENTRYPOINT ["/start.sh"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import originals
from lithify.compiler.lint.insight.edits import with_flag
from lithify.compiler.lint.insight.scripts import mentions, text_of
from lithify.compiler.lint.insight.story import every_place, story
from lithify.grammar.ast import Cmd, CopyLike, Entrypoint, ExecForm, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.story import Place


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    files = ctx.world.context
    for place in every_place(ctx) if files is not None else ():
        path = _program(place)
        copy = _copied(ctx, place, path) if path else None
        if files is None or path is None or copy is None or _is_changed(place, path):
            continue
        brought, original = copy
        mode = files.mode(original)
        if mode is None or mode & 0o111 or brought.instruction.flag("chmod"):
            continue
        message = f"{path} is not executable: {original} is not in the build context"
        fixes: tuple[Fix, ...] = ()
        if len(originals(brought, ctx) or ()) == 1:
            edit = with_flag(brought.instruction, "--chmod=755")
            fixes = (Fix("Copy with --chmod=755", (edit,), is_safe=False),)
        related = Related(brought.instruction.span, "copied here")
        yield about(place.instruction, message)._replace(fixes=fixes, related=(related,))


def _program(place: Place) -> str | None:
    instruction = place.instruction
    if not isinstance(instruction, Entrypoint | Cmd):
        return None
    form = instruction.command
    if not isinstance(form, ExecForm) or not form.args or "/" not in form.args[0]:
        return None
    if isinstance(instruction, Cmd) and any(
        isinstance(one.instruction, Entrypoint) for one in story(place.stage)
    ):
        return None
    return place.absolute(form.args[0])


def _copied(ctx: LintContext, place: Place, path: str) -> tuple[Place, str] | None:
    """The last COPY that writes a path before an instruction, and the file of the context it comes from."""
    found: tuple[Place, str] | None = None
    for earlier in story(place.stage):
        if earlier.instruction is place.instruction:
            break
        if isinstance(earlier.instruction, CopyLike):
            files = originals(earlier, ctx)
            if files is None:
                found = None
            elif path in files:
                found = earlier, files[path]
    return found


def _is_changed(place: Place, path: str) -> bool:
    """Whether any RUN may have to do with the file, or changes modes at all."""
    for one in story(place.stage):
        if isinstance(one.instruction, Run):
            text = text_of(one)
            if "chmod" in text or "install" in text or mentions(text, path.rpartition("/")[2]):
                return True
    return False
