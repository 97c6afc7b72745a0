"""Owns what ShellCheck has said before: an answer for each script, kept between runs.

The name of the file of answers holds which program answered.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from lithify.linting.answers import AnswerFile
from lithify.linting.shellcheck.batch import Comment, Replacement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.linting.shellcheck.batch import Request

_FORM = 2


class Memory:
    """The answers of the program that is told by its `identity`."""

    def __init__(self, folder: str, identity: str) -> None:
        digest = hashlib.sha256(f"{_FORM}\0{identity}".encode("utf-8", "surrogateescape"))
        name = f"shellcheck-{digest.hexdigest()[:16]}.jsonl"
        self._file = AnswerFile(os.path.join(folder, name))

    def get(self, request: Request) -> tuple[Comment, ...] | None:
        """What was said of a script, or None if that is not known."""
        with suppress(ValueError, TypeError):
            return tuple(_comment(*one) for one in self._file.get(_key(request)))
        return None

    def put(self, answers: Mapping[Request, tuple[Comment, ...]]) -> None:
        """Keep answers."""
        self._file.put({_key(one): said for one, said in answers.items()})


def _key(request: Request) -> str:
    text = "\0".join((request.dialect, " ".join(sorted(request.variables)), request.text))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _comment(
    code: int, level: str, message: str, start: int, end: int, edits: list[tuple[int, int, str]]
) -> Comment:
    replacements = tuple(Replacement(int(a), int(b), str(text)) for a, b, text in edits)
    return Comment(int(code), str(level), str(message), int(start), int(end), replacements)
