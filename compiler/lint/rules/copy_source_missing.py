"""COPY and ADD should name what is in the build context.

What it does: reports sources that the context has not, sources above the context, sources that only the ignore file's
exceptions hide, and patterns that match nothing. Paths that git ignores or that look like results of a build are not
reported: they may be made later. It is silent if nothing at all that is copied is there, for then the context is
another.

Why it matters: the build fails at that line, perhaps after a long time; a pattern that matches nothing copies nothing.

Example (with a context that has setup.py and src/app.py):

    FROM busybox
    COPY setpu.py src /srv/

Use instead:

    FROM busybox
    COPY setup.py src /srv/
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.cache.ignore import IgnoreError, parse_ignore_file
from lithify.cache.wildcard import has_meta
from lithify.compiler.lint.context import Edit, Fix, about
from lithify.compiler.lint.insight.copies import context_sources
from lithify.compiler.lint.insight.files import clean, visible
from lithify.errors import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.insight.copies import Source
    from lithify.compiler.lint.insight.files import Visible
    from lithify.compiler.survey import Line

_NAMES = re.compile(r"\$\{?([A-Za-z_]\w*)")
_RESULTS = frozenset((
    "dist", "build", "target", "out", "output", "bin", "obj", "publish", "release", "node_modules",
    "vendor", ".next", "artifacts", "public", "lib", "_build", "rel", "generated", "tmp",
))  # fmt: skip
_MOST_BYTES = 64 * 1024
_SHORT = 3


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    seen = visible(ctx)
    if seen is None:
        return
    lines = [
        (line, [one for one in context_sources(line) if _is_known(one, line)]) for line in ctx.lines
    ]
    if not any(_proves_context(one, seen) for _, wanted in lines for one in wanted):
        return
    for line, wanted in lines:
        found = [bool(seen.matches(one.value)) for one in wanted]
        for source, is_there in zip(wanted, found, strict=True):
            is_optional = has_meta(source.value) and any(found)
            if not is_there and not is_optional and not _is_made(ctx, clean(source.value)):
                yield from _report(ctx, line, source, seen)


def _proves_context(source: Source, seen: Visible) -> bool:
    """Whether a source is there, or something with nearly its name is."""
    path = clean(source.value)
    return bool(path) and (bool(seen.matches(path)) or bool(_guess(path, seen)))


def _is_known(source: Source, line: Line) -> bool:
    return all(name in line.variables for name in _NAMES.findall(source.word.text))


def _is_made(ctx: LintContext, path: str) -> bool:
    """Whether a path may come into being only when something is built."""
    if not _RESULTS.isdisjoint(path.split("/")):
        return True
    files = ctx.world.context
    text = files.read(".gitignore", _MOST_BYTES) if files is not None else None
    if not text:
        return False
    lines = text.decode("utf-8", "replace").splitlines()
    # A pattern of git without a slash inside holds in every directory.
    patterns = (
        f"**/{one}" if "/" not in one.rstrip("/") else one for one in lines if one[:1] != "!"
    )
    try:
        return parse_ignore_file("\n".join(patterns)).is_ignored(path)
    except IgnoreError:
        return False


def _report(ctx: LintContext, line: Line, source: Source, seen: Visible) -> Iterator[Diagnostic]:
    path, instruction = clean(source.value), line.instruction
    ignore = ctx.find_ignore()
    if ignore is not None and ignore.is_ignored(path):
        if ignore.has_negatives and any(_lies_in(one, path) for one in seen.hidden):
            message = f"The ignore file keeps {source.value} out of the build context"
            yield about(instruction, message, source.word.span)
        return
    if posixpath.normpath(source.value).startswith("../"):
        message = f"{source.value} is outside of the build context, where COPY cannot reach"
        yield about(instruction, f"{message}: it looks for {path}", source.word.span)
    elif has_meta(path):
        message = f"Nothing in the build context matches {source.value}"
        yield about(instruction, message, source.word.span)
    else:
        yield _absent(line, source, seen)


def _absent(line: Line, source: Source, seen: Visible) -> Diagnostic:
    path = clean(source.value)
    message = f"{source.value} is not in the build context"
    guess = _guess(path, seen)
    if not guess or "$" in source.word.text or line.instruction.rest.lstrip().startswith("["):
        return about(line.instruction, message, source.word.span)
    written = guess + ("/" if source.value.endswith("/") else "")
    fix = Fix(f"Copy {written}", (Edit(source.word.span, written),), is_safe=False)
    finding = about(line.instruction, f"{message} (did you mean {guess}?)", source.word.span)
    return finding._replace(fixes=(fix,))


def _guess(path: str, seen: Visible) -> str:
    """What was meant, if a file beside it has nearly the same name."""
    folder, name = posixpath.split(path)
    siblings = {one for one in (*seen.files, *seen.directories) if posixpath.dirname(one) == folder}
    return closest(path, tuple(sorted(siblings))) if len(name) > _SHORT else ""


def _lies_in(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}/")
