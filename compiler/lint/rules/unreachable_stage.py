"""Every stage should be of use to the result or to a target that somebody builds.

What it does: reports a stage that neither the last stage nor the wanted target is built on or copies from. One with a
name is reported only if the context holds a description of targets (compose, bake, CI) and nothing there names it.

Why it matters: nothing builds it, so it is not kept working, and whoever reads the file must find that out.

Example:

    FROM busybox
    RUN make-nothing
    FROM busybox AS result
    RUN make-result

Use instead:

    FROM busybox AS result
    RUN make-result
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.dependencies import Sources, stage_edges
from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.insight.edits import from_line_of
from lithify.compiler.lint.insight.scripts import mentions
from lithify.compiler.lint.insight.story import target_stage
from lithify.errors import SourceError, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.world import ContextFiles
    from lithify.compiler.phases import ParsedStage

_DESCRIPTIONS = re.compile(
    r"(?:.*/)?(?:(?:docker-)?compose[^/]*\.ya?ml|docker-bake[^/]*|[^/]*\.(?:hcl|mk|sh|bash|ps1|py)|"
    r"(?:GNU)?[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|package\.json|\.gitlab-ci\.yml|Jenkinsfile|"
    r"cloudbuild\.ya?ml|skaffold\.ya?ml|[^/]*\.md|Earthfile|tox\.ini|devcontainer\.json)\Z|"
    r"\.(?:github|circleci|devcontainer|gitlab)/.*"
)
_TARGET = re.compile(r"\btarget['\"]?\s*[:=]|--target\b")
_MOST_FILES = 500
_MOST_BYTES = 128 * 1024


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for stage in _unreachable(ctx):
        if stage.name and _may_be_target(ctx.world.context, stage.name):
            continue
        message = f"Nothing is built on stage {stage.label}, and nothing is copied from it"
        place = about(stage.source, message, _head(stage))
        fix = Fix("Delete the stage", (_deletion(ctx, stage),), is_safe=False)
        yield place._replace(fixes=(fix,), tags=("unnecessary",))


def _unreachable(ctx: LintContext) -> list[ParsedStage]:
    target = target_stage(ctx)
    if target is None or len(ctx.reached) != len(ctx.stages) or len(ctx.stages) < 2:
        return []
    names = tuple(stage.name for stage in ctx.stages)
    sources = Sources(names, target.resolved.stage.platform, ctx.options)
    expanded = [one.resolved.stage for one in ctx.reached]
    triggers = {one.parsed.index: one.resolved.triggers for one in ctx.reached}
    try:
        edges = stage_edges(expanded, triggers, sources)
    except SourceError:
        return []
    used = {target.parsed.index, len(names) - 1}
    todo = list(used)
    while todo:
        fresh = edges[todo.pop()].keys() - used
        used |= fresh
        todo += fresh
    return [stage for stage in ctx.stages if stage.index not in used]


def _may_be_target(files: ContextFiles | None, name: str) -> bool:
    """Whether somebody may build a stage by its name; True if nothing says which targets there are."""
    paths = files.paths() if files is not None else None
    if files is None or paths is None:
        return True
    described = [path for path in paths if _DESCRIPTIONS.match(path)]
    if len(described) > _MOST_FILES:
        return True
    data = (files.read(path, _MOST_BYTES) or b"" for path in described)
    texts = [one.decode("utf-8", "replace").lower() for one in data]
    is_told = any(_TARGET.search(text) for text in texts)
    return not is_told or any(mentions(text, name) for text in texts)


def _head(stage: ParsedStage) -> Span:
    source = stage.source
    last = source.alias or source.image
    return Span(source.span.source, source.span.start, last.span.end)


def _deletion(ctx: LintContext, stage: ParsedStage) -> Edit:
    """From its FROM up to the next one's comments; the last stage is never deleted."""
    start = from_line_of(stage.source)
    following = next((one for one in ctx.stages if one.index == stage.index + 1), None)
    text = stage.source.span.source
    end = len(text.text) if following is None else from_line_of(following.source)
    return Edit(Span(text, start, end), "")
