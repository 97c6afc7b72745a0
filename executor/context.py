"""Owns the build context: a directory of the client as COPY, ADD and bind mounts may see it.

It exists because a context differs from an image's tree: an ignore file hides part of it, owners are those of the
builder's machine and become 0:0, and sockets become empty files (reference semantics, build context). It refuses
to copy anything: files are read where they lie.
"""

from __future__ import annotations

import os
import stat as stat_bits
from typing import TYPE_CHECKING

from lithify.cache.ignore import parse_ignore_file
from lithify.errors import BuildError
from lithify.executor.tree import Stat, TreeView, resolve

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from lithify.cache.ignore import IgnoreMatcher

IGNORE_FILE = ".dockerignore"

_LARGEST_IGNORE_FILE = 4 * 1024 * 1024


class Context(TreeView):
    """A context directory by its descriptor, which the context owns, and what of it is hidden."""

    def __init__(self, fd: int, ignore: IgnoreMatcher | None = None, ignore_name: str = "") -> None:
        super().__init__(fd)
        self._directory = fd
        self._ignore = ignore
        self._ignore_name = ignore_name or IGNORE_FILE
        self._shown: dict[str, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._directory)

    @property
    def ignore(self) -> IgnoreMatcher | None:
        """What hides part of it; None if nothing does."""
        return self._ignore

    def lstat(self, path: str) -> Stat | None:
        stat = super().lstat(path)
        if stat is None or self._ignore is None or self._is_shown(path, stat):
            return stat
        return None

    def readlink(self, path: str) -> str | None:
        if path and self._ignore is not None and self._ignore.is_ignored(path):
            return None
        return super().readlink(path)

    def scan(self, path: str) -> list[tuple[str, Stat]]:
        children = super().scan(path)
        if self._ignore is None:
            return children
        prefix = f"{path}/" if path else ""
        return [(name, stat) for name, stat in children if self._is_shown(prefix + name, stat)]

    def why_absent(self, path: str) -> str:
        """Says so when the ignore file is why a path is not there."""
        if self._ignore is None:
            return ""
        target = resolve(path, super().readlink)
        if super().lstat(target) is None:
            return ""
        return f"it exists, but {self._ignore_name} excludes it"

    def describe(self, raw: os.stat_result) -> Stat:
        mode, size = raw.st_mode, raw.st_size
        if stat_bits.S_ISSOCK(mode):
            mode, size = stat_bits.S_IFREG | stat_bits.S_IMODE(mode), 0
        return Stat(
            mode,
            0,
            0,
            size,
            raw.st_mtime_ns,
            raw.st_ctime_ns,
            raw.st_dev,
            raw.st_ino,
            raw.st_nlink,
            raw.st_rdev,
        )

    def _is_shown(self, path: str, stat: Stat) -> bool:
        """Whether something is not ignored; a directory also when anything inside is not."""
        ignore = self._ignore
        if ignore is None or not path or not ignore.is_ignored(path):
            return True
        if not stat.is_directory or ignore.can_prune(path):
            return False
        if path not in self._shown:
            self._shown[path] = self._holds_shown(path, ignore)
        return self._shown[path]

    def _holds_shown(self, directory: str, ignore: IgnoreMatcher) -> bool:
        todo = [directory]
        while todo:
            parent = todo.pop()
            for name, stat in super().scan(parent):
                path = f"{parent}/{name}"
                if not ignore.is_ignored(path):
                    return True
                if stat.is_directory and not ignore.can_prune(path):
                    todo.append(path)
        return False


def open_context(directory: Path, dockerfile: Path | None = None) -> Context:
    """The context in a directory, with the ignore file that applies (reference semantics, 8.1).

    `<dockerfile>.dockerignore` beside the Dockerfile replaces the context's own `.dockerignore`; give None for
    a named context. Raises BuildError for what is no readable directory, IgnoreError for a bad pattern."""
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BuildError(f"cannot use {directory} as context: {error.strerror}") from error
    try:
        name, text = _ignore_text(directory, dockerfile)
        ignore = None if text is None else parse_ignore_file(text, name)
    except BaseException:
        os.close(fd)
        raise
    return Context(fd, ignore, name)


def _ignore_text(directory: Path, dockerfile: Path | None) -> tuple[str, str | None]:
    candidates = [directory / IGNORE_FILE]
    if dockerfile is not None:
        candidates.insert(0, dockerfile.with_name(dockerfile.name + IGNORE_FILE))
    for path in candidates:
        try:
            with path.open("rb") as source:
                data = source.read(_LARGEST_IGNORE_FILE + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BuildError(f"cannot read {path}: {error.strerror}") from error
        if len(data) > _LARGEST_IGNORE_FILE:
            raise BuildError(f"{path} is larger than {_LARGEST_IGNORE_FILE} bytes")
        return path.name, data.decode("utf-8", "surrogateescape")
    return IGNORE_FILE, None
