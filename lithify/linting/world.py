"""Owns what rules may see of a build context: its files, as they lie in a folder.

Rules ask by a port, so that they stay pure; here is what answers for real. A context that is too large is not known,
and rules are silent about it. It refuses to follow symbolic links out of the folder, and to wait for pipes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lithify.linting.sight import Sight


class FolderFiles:
    """The files of a folder (ContextFiles)."""

    def __init__(self, folder: str, sight: Sight) -> None:
        self._folder = folder
        self._sight = sight

    def paths(self) -> tuple[str, ...] | None:
        """All files and directories, in a stable order; None where there are too many."""
        return self._sight.listed(self._folder)

    def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of a file; None if it is none, or lies outside."""
        place = self._place(path)
        return self._sight.start(place, most) if place else None

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if there is none."""
        place = self._place(path)
        return self._sight.size(place) if place else 0

    def mode(self, path: str) -> int | None:
        """Permission bits of a file; None if it is none."""
        place = self._place(path)
        return self._sight.mode(place) if place else None

    def _place(self, path: str) -> str:
        """Where a path really lies; '' if that is outside the folder."""
        root = self._sight.real(self._folder)
        place = self._sight.real(os.path.join(root, path.lstrip("/")))
        return place if place == root or place.startswith(root.rstrip("/") + "/") else ""
