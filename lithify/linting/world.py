"""Owns what rules may see of a build context: its files, as they lie in a folder.

Rules ask by a port, so that they stay pure; here is what answers for real. A context that is too large is not known,
and rules are silent about it. It refuses to follow symbolic links out of the folder, and to wait for pipes."""

from __future__ import annotations

import os
import stat

from lithify.compiler.lint.world import UNENTERED

_HEAD = (".git", "HEAD")
_MOST_FILES = 50_000


class FolderFiles:
    """The files of a folder (ContextFiles)."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._paths: tuple[str, ...] | None = None
        self._is_walked = False

    def paths(self) -> tuple[str, ...] | None:
        """All files and directories, in a stable order, walked once; None where there are too many."""
        if not self._is_walked:
            self._paths = _walked(self._folder)
            self._is_walked = True
        return self._paths

    def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of a file; None if it is none, or lies outside."""
        place = self._place(path)
        return read_start(place, most) if place else None

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if there is none."""
        found = self._status(path)
        return found.st_size if found is not None else 0

    def mode(self, path: str) -> int | None:
        """Permission bits of a file; None if it is none."""
        found = self._status(path)
        is_file = found is not None and stat.S_ISREG(found.st_mode)
        return stat.S_IMODE(found.st_mode) if found is not None and is_file else None

    def _status(self, path: str) -> os.stat_result | None:
        place = self._place(path)
        try:
            return os.lstat(place) if place else None
        except OSError:
            return None

    def _place(self, path: str) -> str:
        """Where a path really lies; '' if that is outside the folder."""
        root = os.path.realpath(self._folder)
        place = os.path.realpath(os.path.join(root, path.lstrip("/")))
        return place if place == root or place.startswith(root.rstrip("/") + "/") else ""


def _walked(folder: str) -> tuple[str, ...] | None:
    found: list[str] = []
    for parent, folders, names in os.walk(folder):
        base = os.path.relpath(parent, folder)
        prefix = "" if base == "." else f"{base}/"
        if os.path.basename(parent) in UNENTERED:
            folders.clear()
            names = [name for name in names if (os.path.basename(parent), name) == _HEAD]
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += (f"{prefix}{name}" for name in sorted((*names, *links)))
        found += (f"{prefix}{name}/" for name in folders if name not in links)
        if len(found) > _MOST_FILES:
            return None
    return tuple(found)


def read_start(path: str, most: int) -> bytes | None:
    """The first bytes of a regular file; None for anything else. Never waits for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(most)
