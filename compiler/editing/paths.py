"""Owns which paths and users can be meant at a place: those of the build context, of stages, and of images at hand.

The files of a stage are not known before it is built, but much of it is written down: what is copied where, what is
entered, which users are made. It refuses guesses: what it offers is named somewhere.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from lithify.compiler.paths import destination_path
from lithify.grammar import ast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.editing.document import Document
    from lithify.compiler.lint.context import LintContext
    from lithify.compiler.survey import Line, SurveyedStage

_MOST_PATHS = 500
_MOST_BYTES = 256 * 1024
_PASSWD = "/etc/passwd"
_WILD = frozenset("*?[<")
_MAKERS = frozenset(("useradd", "adduser"))
_PATH = re.compile(r"/[\w.+@-]+(?:/[\w.+@-]+)+/?", re.ASCII)
_FOLDERS = ("/bin/", "/etc/", "/home/", "/opt/", "/root/", "/srv/", "/tmp/", "/usr/", "/var/")


def context_paths(context: LintContext, typed: str) -> Iterator[str]:
    """What lies in the build context below the folder that is typed, without what is ignored; folders end with `/`."""
    files = context.world.context
    if files is None:
        return
    shown_folder = posixpath.dirname(typed) + "/" if "/" in typed else ""
    folder = shown_folder.removeprefix("./").lstrip("/")
    ignore = context.find_ignore()
    seen: set[str] = set()
    for path in files.paths() or ():
        if not path.startswith(folder) or path == folder:
            continue
        if ignore is not None and ignore.is_ignored(path.rstrip("/")):
            continue
        name, slash, _ = path[len(folder) :].partition("/")
        entry = f"{shown_folder}{name}{slash}"
        if name and entry not in seen:
            seen.add(entry)
            yield entry
            if len(seen) >= _MOST_PATHS:
                return


def stage_paths(
    document: Document, number: int | None, image: ResolvedImage | None, typed: str
) -> Iterator[tuple[str, str]]:
    """Paths inside a stage, or inside an image that is named instead, one step below what is typed; with a remark."""
    folder = typed[: typed.rfind("/") + 1]
    seen: set[str] = set()
    for path, detail in _known_paths(document, number, image, folder or "/"):
        if not path.startswith(folder or "/") and typed:
            continue
        rest = path[len(folder or "/") :]
        name, slash, _ = rest.partition("/")
        entry = f"{folder or '/'}{name}{slash}"
        # The whole path is offered as well: who knows it need not go step by step.
        for one in (entry, path):
            if one and one != folder and one not in seen and len(seen) < _MOST_PATHS:
                seen.add(one)
                yield one, detail


def _known_paths(
    document: Document, number: int | None, image: ResolvedImage | None, folder: str
) -> Iterator[tuple[str, str]]:
    stage = document.reached.get(number) if number is not None else None
    if stage is not None:
        yield from _stage_paths(document, stage)
    base = stage.image if stage is not None else image
    inside = tuple(_image_paths(document, base, folder)) if base is not None else ()
    yield from inside
    if (stage is not None or image is not None) and not inside:
        yield from ((one, "") for one in _FOLDERS)


def _stage_paths(document: Document, stage: SurveyedStage) -> Iterator[tuple[str, str]]:
    label = document.stage_label(stage.parsed.index)
    for line in (*stage.inherited_lines(), *stage.lines):
        one = line.instruction
        standing = document.standing(one)
        if standing is None:
            continue
        for path, what in _named(line, standing.workdir):
            yield path, f"{what} {label}"


def _named(line: Line, workdir: str) -> Iterator[tuple[str, str]]:
    """The paths that an instruction makes or names."""
    match line.instruction:
        case ast.Workdir(path=word):
            yield f"{destination_path(line.value(word.text), workdir).rstrip('/')}/", "WORKDIR of"
        case ast.CopyLike(name=name, sources=sources, destination=word):
            target = destination_path(line.value(word.text), workdir)
            yield target, f"{name} in"
            for source in sources if target.endswith("/") else ():
                entry = posixpath.basename(line.value(source.text).rstrip("/"))
                if entry not in ("", ".") and not _WILD & set(entry):
                    yield f"{target}{entry}", f"{name} in"
        case ast.Volume(paths=words):
            yield from ((f"{line.value(one.text).rstrip('/')}/", "VOLUME of") for one in words)
        case ast.Run(rest=rest):
            yield from ((match[0], "named by RUN in") for match in _PATH.finditer(rest))


def _image_paths(
    document: Document, image: ResolvedImage, folder: str
) -> Iterator[tuple[str, str]]:
    """What is inside an image at hand, in one directory, and where its accounts live."""
    files = document.context.world.images
    for name in files.inside(image, folder) if files is not None else ():
        yield f"{folder}{name}", "in the image"
    for home, name in ((fields[5], fields[0]) for fields in _accounts(document, image)):
        if home.startswith("/") and home != "/":
            yield f"{home.rstrip('/')}/", f"home of {name}"


def _accounts(document: Document, image: ResolvedImage | None) -> Iterator[list[str]]:
    files = document.context.world.images
    if files is None or image is None:
        return
    data = files.read(image, _PASSWD, _MOST_BYTES)
    for line in (data or b"").decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) >= 7 and fields[0]:
            yield fields


def users(document: Document, offset: int) -> Iterator[tuple[str, str]]:
    """Who can be meant at a place: accounts of the image, those that RUN makes, and those named before."""
    stage = document.stage_at(offset)
    if stage is None:
        return
    for line in (*stage.inherited_lines(), *stage.lines):
        one = line.instruction
        if one.span.start >= offset:
            break
        if isinstance(one, ast.User):
            yield line.value(one.user.text), "named before"
        script = document.script(one) if isinstance(one, ast.Run) else None
        for command in script.commands if script is not None else ():
            if command.name in _MAKERS and command.plain:
                name = command.plain[-1]
                if name.is_literal:
                    yield name.text, f"made by {command.name}"
    for fields in _accounts(document, stage.image):
        yield fields[0], f"account {fields[2]} of the image"
    yield "root", "everything is allowed"
