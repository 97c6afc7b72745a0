"""Owns the reports of earlier runs: what was said of a file is said again while nothing that it came from has changed.

A report comes of the file's text, of what is asked, of our own code, and of what was seen besides the file; all of the
latter was noted (`sight`) and is looked at again before a report is believed. It refuses runs that repair, and those
with rules of the project, for nobody knows what these depend on.
"""

from __future__ import annotations

import os
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import lithify
from lithify.linting.answers import AnswerFile
from lithify.linting.images import SeenImages, StoreImages
from lithify.linting.report import report_from
from lithify.linting.run import read_file
from lithify.linting.sight import Question, Sight, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lithify.linting.report import FileReport
    from lithify.linting.run import Judged, LintRequest

_FORM = 1
#: Where our own code lies that reports come from.
_CODE = ("cache", "compiler", "grammar", "linting")
_IMAGES = frozenset(("image", "inside"))


class Remembered:
    """The reports that an earlier run made of the same request, in a file of the user's cache."""

    def __init__(self, request: LintRequest) -> None:
        self._file: AnswerFile | None = None
        self._images = StoreImages(request.store)
        self._sight = Sight()
        if request.memory and not request.repair and not request.rule_files:
            about = _plain((_FORM, request, os.getcwd(), os.uname().machine, _code()))
            self._about = digest(repr(about))
            self._file = AnswerFile(os.path.join(request.memory, "lint.jsonl"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._images.close()

    def report(self, path: str) -> FileReport | None:
        """What was said of a file, if it would be said again."""
        if self._file is None or path == "-":
            return None
        try:
            data = read_file(path)
        except OSError:
            return None
        found = self._file.get(self._key(path, digest(data)))
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            notes, said = found
            if self._are_true(notes):
                return report_from(said, data.decode("utf-8", "replace"))
        return None

    def keep(self, fresh: Mapping[str, Judged]) -> None:
        """Remember reports for the next run."""
        if self._file is not None:
            self._file.put({
                self._key(path, one.content): [[*one.notes.items()], one.report._replace(text="")]
                for path, one in fresh.items()
                if one.notes is not None and path != "-"
            })  # fmt: skip

    def _key(self, path: str, content: str) -> str:
        return digest(f"{self._about} {content} {path}")

    def _are_true(self, notes: list[tuple[Any, Any]]) -> bool:
        seen = SeenImages(self._images, {})
        for (kind, about, most), answer in notes:
            question = Question(str(kind), str(about), int(most))
            view = seen if kind in _IMAGES else self._sight
            if view.again(question) != answer:
                return False
        return True


def _plain(value: Any) -> Any:
    """A request as values that are written in one way only."""
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, Enum):
        return value.value
    return getattr(value, "identity", value)


def _code() -> tuple[str, ...]:
    """Our version and every file that reports come from: in a working tree, code changes under one version."""
    root = Path(lithify.__file__).parent
    return (lithify.__version__, *(line for part in _CODE for line in _files(str(root / part))))


def _files(folder: str) -> Iterator[str]:
    found: list[str] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".py", ".lark")):
                about = entry.stat()
                found.append(f"{entry.path} {about.st_size} {about.st_mtime_ns}")
            elif entry.is_dir() and entry.name != "__pycache__":
                found += _files(entry.path)
    yield from sorted(found)
