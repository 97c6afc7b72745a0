"""Owns a file of answers to questions asked before: one of the user's cache, only ever appended to.

A line for each answer, its key first, so that looking up one does not cost the reading of all. It is only a hint: what
cannot be read is found out again. It refuses a file that is not ours alone, and to grow without end.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 32 * 1024 * 1024


def cache_folder(environ: Mapping[str, str]) -> str:
    """Where the user's programs keep what can be found out again (XDG base directories)."""
    home = environ.get("XDG_CACHE_HOME", "")
    folder = home if os.path.isabs(home) else os.path.expanduser("~/.cache")
    return os.path.join(folder, "lithify")


class AnswerFile:
    """Answers by their keys, which hold no blank. The folder is made when something is kept."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: dict[bytes, bytes] | None = None

    def get(self, key: str) -> Any:
        """The answer as JSON has it; None if there is none."""
        if self._lines is None:
            self._lines = _read(self._path)
        with suppress(ValueError, RecursionError):
            return json.loads(self._lines.get(key.encode(), b"null"))
        return None

    def put(self, answers: Mapping[str, Any]) -> None:
        """Keep answers; a failure only costs the next run time."""
        data = b"".join(f"{key} {json.dumps(said)}\n".encode() for key, said in answers.items())
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


def _read(path: str) -> dict[bytes, bytes]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    with open(fd, "rb") as file:
        about = os.fstat(fd)
        is_ours = about.st_uid == os.geteuid() and not stat.S_IMODE(about.st_mode) & 0o022
        if not is_ours or not stat.S_ISREG(about.st_mode):
            return {}
        lines = file.read(_MOST_BYTES).split(b"\n")
    return {key: said for key, _, said in (line.partition(b" ") for line in lines)}
