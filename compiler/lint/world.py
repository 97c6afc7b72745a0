"""Owns what a rule may ask of the world beyond the file: settings, the files of the context, images at hand.

Everything here is a port or a value: rules stay pure, and are silent where nothing is known. It refuses effects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from lithify.cache.ports import ResolvedImage

#: Directories that are known to hold very much, and nothing that a rule asks for.
UNENTERED = frozenset((".git", "node_modules"))


class RuleOptions(NamedTuple):
    """What people configure of single rules.

    `label_schema`: pairs of a label and its type (text, url, spdx, hash, rfc3339, semver, email)."""

    trusted_registries: tuple[str, ...] = ()
    label_schema: tuple[tuple[str, str], ...] = ()
    is_strict_about_labels: bool = False


class ContextFiles(Protocol):
    """The build context, looked at once: answers do not change. Paths are relative, with `/`, without a leading one."""

    def __hash__(self) -> int: ...

    def paths(self) -> tuple[str, ...] | None:
        """All files, and all directories with a `/` at the end, ignored ones too; None if they are too many.

        What is neither, as a symlink, counts as a file. What is inside
        directories of UNENTERED is not listed, but for `.git/HEAD`."""

    def read(self, path: str, most: int) -> bytes | None:
        """The first `most` bytes of a file; None if it is none or cannot be read."""

    def size(self, path: str) -> int:
        """Bytes of a file; 0 if there is none."""

    def mode(self, path: str) -> int | None:
        """Permission bits of a file; None if it is none."""


class ImageFiles(Protocol):
    """What is inside an image that is at hand. Paths are absolute; symlinks are followed inside the image."""

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        """The first `most` bytes of a file of the image; None if it has none or is not at hand."""

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        """Whether the image has the path; None if that is not known."""

    def inside(self, image: ResolvedImage, folder: str) -> tuple[str, ...]:
        """What a directory of the image holds, directories with `/` at the end where that is known; () if nothing is."""


class World(NamedTuple):
    """What is known besides the file; None where nothing is."""

    context: ContextFiles | None = None
    images: ImageFiles | None = None
