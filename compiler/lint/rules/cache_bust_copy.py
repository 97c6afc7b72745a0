"""Dependencies should be installed before the sources are copied.

What it does: reports a RUN that installs what package.json, requirements.txt, go.mod or another manifest lists, after a
COPY that brings the manifest together with other files, if nothing has brought it alone.

Why it matters: every change of any source makes all dependencies be installed again.

Example (with a context that has package.json and src/app.js):

    FROM node:24
    WORKDIR /srv
    COPY . .
    RUN npm ci
    CMD ["node", "src/app.js"]

Use instead:

    FROM node:24
    WORKDIR /srv
    COPY package.json .
    RUN npm ci
    COPY . .
    CMD ["node", "src/app.js"]
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Fix, Related, about
from lithify.compiler.lint.insight.copies import context_sources, destination
from lithify.compiler.lint.insight.dependencies import installs_dependencies
from lithify.compiler.lint.insight.edits import inserted_before, removed
from lithify.compiler.lint.insight.files import clean, visible
from lithify.compiler.lint.insight.mounts import mounts
from lithify.compiler.lint.insight.scripts import steps
from lithify.compiler.lint.insight.story import every_place, story
from lithify.grammar.ast import CopyLike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.dependencies import Manifest
    from lithify.compiler.lint.insight.files import Visible
    from lithify.compiler.lint.insight.scripts import Step
    from lithify.compiler.lint.insight.story import Place

_FEW = 2


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen = visible(ctx)
    if seen is None:
        return
    for step in steps(ctx, every_place(ctx)):
        manifest = installs_dependencies(step.commands)
        if manifest is None or any(one.fields.kind == "bind" for one in mounts(step.place)):
            continue
        wide = _wide_copy(step, manifest, seen)
        if wide is None:
            continue
        place, folder = wide
        message = f"Copy {manifest.name} alone before this, and the sources after it"
        related = Related(place.instruction.span, "this copies all sources before")
        finding = about(step.run, message)._replace(related=(related,))
        fixes = _fixes(ctx, step, place, folder, manifest, seen)
        yield finding._replace(fixes=tuple(fixes))


def _wide_copy(step: Step, manifest: Manifest, seen: Visible) -> tuple[Place, str] | None:
    """The last COPY before a RUN, if it is what brings the manifest, among many files; and the source folder."""
    found: tuple[Place, str] | None = None
    for place in story(step.place.stage):
        if place.instruction is step.run:
            break
        if not isinstance(place.instruction, CopyLike):
            continue
        for source in context_sources(place.line):
            folder = clean(source.value)
            path = posixpath.join(folder, manifest.name)
            if not seen.is_file(path):
                if posixpath.basename(folder) == manifest.name or "*" in folder:
                    return None
                continue
            own = {posixpath.join(folder, one) for one in (manifest.name, *manifest.companions)}
            if len(set(seen.below(folder)) - own) <= _FEW:
                return None
            if _lands_in(place, step):
                found = place, folder
    return found


def _lands_in(place: Place, step: Step) -> bool:
    target = destination(place)
    return target is not None and (target.rstrip("/") or "/") == step.place.workdir


def _fixes(
    ctx: LintContext, step: Step, place: Place, folder: str, manifest: Manifest, seen: Visible
) -> Iterator[Fix]:
    """Only where the RUN follows the COPY at once, and no flag says more."""
    lines = [one.instruction for one in story(step.place.stage)]
    at = lines.index(place.instruction)
    if lines[at + 1] is not step.run or place.instruction.flags or step.run.comments:
        return
    names = [manifest.name, *(one for one in manifest.companions)]
    paths = [posixpath.join(folder, name) for name in names]
    present = [one for one in paths if seen.is_file(one)]
    if any(" " in one for one in present):
        return
    text = f"COPY {' '.join(present)} ./"
    edits = (inserted_before(place.instruction, f"{text}\n{step.run.span.text}"), removed(step.run))
    yield Fix(f"Copy {manifest.name} first", edits, is_safe=False)
