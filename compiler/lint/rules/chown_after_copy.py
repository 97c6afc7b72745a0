"""Owner and mode should be given while copying.

What it does: reports a RUN of the resulting image that changes the owner or the mode of what a COPY or ADD has brought.

Why it matters: changed files are stored a second time, in the layer of the RUN.

Example:

    FROM busybox
    COPY app.conf /etc/app.conf
    RUN chmod 640 /etc/app.conf

Use instead:

    FROM busybox
    COPY --chmod=640 app.conf /etc/app.conf
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import is_below, originals, tops
from lithify.compiler.lint.insight.edits import removed, with_flag
from lithify.compiler.lint.insight.scripts import is_only_command, operands, program, steps
from lithify.compiler.lint.insight.story import shipped
from lithify.grammar.ast import CopyLike, Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.lint.insight.story import Place
    from lithify.compiler.shell.model import Command, ShellWord

_OCTAL = re.compile(r"0?[0-7]{3,4}\Z")
_EXECUTABLE = re.compile(r"[ugoa]*\+r?x\Z")
_OWNER = re.compile(r"[\w.-]+(?::[\w.-]*)?\Z")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    copies: list[tuple[Place, frozenset[str]]] = []
    runs: list[Run] = []
    for place in shipped(ctx):
        if isinstance(place.instruction, CopyLike):
            copies.append((place, tops(place, ctx) or frozenset()))
        for step in steps(ctx, (place,)):
            for command in step.commands:
                yield from _check(ctx, step, command, copies, runs)
        if isinstance(place.instruction, Run):
            runs.append(place.instruction)


def _check(
    ctx: LintContext,
    step: Step,
    command: Command,
    copies: list[tuple[Place, frozenset[str]]],
    runs: list[Run],
) -> Iterator[Diagnostic]:
    kind = program(command)
    words = operands(command)
    if kind not in ("chown", "chmod") or len(words) < 2:
        return
    is_deep = any(
        re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*|--recursive", w.text) for w in command.arguments
    )
    for word in words[1:]:
        path = step.place.absolute(word.text)
        if path is None or path == "/":
            continue
        for place, paths in reversed(copies):
            if not any(one == path or (is_deep and is_below(one, path)) for one in paths):
                continue
            line = place.instruction.span.line
            message = f"This stores what line {line} copies again: use --{kind} there"
            finding = about(step.run, message, step.span(command))
            related = Related(place.instruction.span, "copied here")
            found = tuple(_fixes(step, place, path, words, runs)) if paths == {path} else ()
            is_file = set(originals(place, ctx) or ()) == {path}
            fixes = found if is_file else tuple(fix._replace(is_safe=False) for fix in found)
            yield finding._replace(fixes=fixes, related=(related,))
            return


def _fixes(
    step: Step,
    place: Place,
    path: str,
    words: tuple[ShellWord, ...],
    runs: list[Run],
) -> Iterator[Fix]:
    """Where the RUN does nothing else; with a directory, its content would be changed as well."""
    copy, kind = place.instruction, program(step.commands[0])
    is_fixed = copy.flag(kind) or copy.flag("link") or step.run.flags
    if len(words) != 2 or is_fixed or not is_only_command(step):
        return
    value = words[0].text
    if kind == "chmod":
        is_safe = bool(_OCTAL.match(value))
        if not is_safe and not _EXECUTABLE.match(value):
            return
        value = value if is_safe else "755"
    else:
        if not _OWNER.match(value):
            return
        # A name must be known where the file is copied, and some RUN between may add it. Without a
        # group, chown leaves the group alone, but --chown does not.
        between = [one for one in runs if one.span.start > copy.span.start]
        is_known = not between or re.fullmatch(r"[0-9:]+", value) is not None
        is_safe = is_known and ":" in value.rstrip(":")
        value = value.rstrip(":")
    edits = (with_flag(copy, f"--{kind}={value}"), removed(step.run))
    yield Fix(f"Copy with --{kind}={value}", edits, is_safe=is_safe)
