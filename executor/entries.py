"""Owns the entry: one file system object of a layer, before it becomes tar or comes from it.

It exists so that COPY, ADD, RUN's comparison and unpacking share one vocabulary: whatever makes a layer yields
entries, whatever writes one takes them. It refuses order and times: the layer writer imposes both.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable


class Kind(enum.Enum):
    """What an entry is; WHITEOUT hides a lower path, OPAQUE a directory's lower content."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    CHARACTER = "character"
    BLOCK = "block"
    FIFO = "fifo"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"


class Content(Protocol):
    """The bytes of a regular file, readable as often as asked."""

    @property
    def size(self) -> int:
        """Number of bytes that `copy_to` will write."""

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        """Write exactly `size` bytes in chunks of at most 1 MiB.

        Raises BuildError when the source changed since it was described, OSError when it can't be read."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Content at hand."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def copy_to(self, write: Callable[[bytes], object]) -> None:
        write(self.data)


@dataclass(slots=True)
class Entry:
    """One object. `path` is relative without leading or trailing slash ('' is the root directory),
    undecodable bytes as surrogate escapes; a WHITEOUT's path is that of the hidden object, an OPAQUE's that of
    the directory. `mtime` is in whole seconds or None for the layer's logical time. `target` is a symlink's
    text or a hardlink's path (relative, as `path`)."""

    path: str
    kind: Kind
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int | None = None
    target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()
    content: Content | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        return self.content.size if self.content is not None else 0
