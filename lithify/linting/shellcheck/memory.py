"""Owns what ShellCheck has said before: an answer for each script, kept between runs.

A line of JSON for each answer in one file of the user's cache, appended as a whole; the file's name holds which
program answered. It is only a hint: what cannot be read is asked again. It refuses a file that is not ours alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from lithify.linting.shellcheck.batch import Comment, Replacement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lithify.linting.shellcheck.batch import Request

_FORM = 1
_MOST_BYTES = 32 * 1024 * 1024


class Memory:
    """The answers of one program. `folder` is made when something is kept."""

    def __init__(self, folder: str, program: str) -> None:
        about = os.stat(program)
        named = f"{_FORM}\0{program}\0{about.st_size}\0{about.st_mtime_ns}"
        digest = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()
        self._path = os.path.join(folder, f"shellcheck-{digest[:16]}.jsonl")
        self._known: dict[str, tuple[Comment, ...]] | None = None

    def get(self, request: Request) -> tuple[Comment, ...] | None:
        """What was said of a script, or None if that is not known."""
        if self._known is None:
            self._known = dict(_read(self._path))
        return self._known.get(_key(request))

    def put(self, answers: Mapping[Request, tuple[Comment, ...]]) -> None:
        """Keep answers; a failure only costs the next run time."""
        lines = [json.dumps([_key(one), said]) + "\n" for one, said in answers.items()]
        data = "".join(lines).encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        with suppress(OSError):
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            fd = os.open(self._path, flags, 0o600)
            try:
                if os.fstat(fd).st_size + len(data) > _MOST_BYTES:
                    os.ftruncate(fd, 0)
                os.write(fd, data)
            finally:
                os.close(fd)


def _key(request: Request) -> str:
    text = "\0".join((request.dialect, " ".join(sorted(request.variables)), request.text))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _read(path: str) -> Iterable[tuple[str, tuple[Comment, ...]]]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    with open(fd, "rb") as file:
        about = os.fstat(fd)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o022:
            return
        lines = file.read(_MOST_BYTES).split(b"\n")
    for line in lines:
        with suppress(ValueError, TypeError):
            key, said = json.loads(line)
            yield str(key), tuple(_comment(*one) for one in said)


def _comment(
    code: int, level: str, message: str, start: int, end: int, edits: list[tuple[int, int, str]]
) -> Comment:
    replacements = tuple(Replacement(int(a), int(b), str(text)) for a, b, text in edits)
    return Comment(int(code), str(level), str(message), int(start), int(end), replacements)
