"""Owns a desk for COPY: two real directories, one to copy from and one to copy onto, and what comes of it.

Entries are shown as short texts (`dir 755 0:0`), so that a test compares whole layers.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import ContextTree, CopyOp, InlineSource, Source, TreeSource
from lithify.executor.context import Context, open_context
from lithify.executor.entries import Entry, Kind
from lithify.executor.filehash import MemoryFileDigests, selection_digest
from lithify.executor.ops.copy import copy_entries
from lithify.executor.selection import Selection, select
from lithify.executor.tree import EmptyTree, TreeView

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = {
    Kind.DIRECTORY: "dir",
    Kind.CHARACTER: "character",
    Kind.BLOCK: "block",
    Kind.FIFO: "fifo",
}


def content_of(entry: Entry) -> bytes:
    parts: list[bytes] = []
    assert entry.content is not None
    entry.content.copy_to(parts.append)
    data = b"".join(parts)
    assert len(data) == entry.size
    return data


def shown(entry: Entry) -> str:
    owner = f"{entry.mode:o} {entry.uid}:{entry.gid}"
    match entry.kind:
        case Kind.FILE:
            return f"file {owner} {content_of(entry).decode('utf-8', 'replace')}"
        case Kind.SYMLINK:
            return f"link {entry.uid}:{entry.gid} {entry.target}"
        case Kind.HARDLINK:
            return f"same {entry.target}"
        case Kind.OPAQUE:
            return "opaque"
    return f"{_LETTERS[entry.kind]} {owner}"


def listing(entries: list[Entry]) -> dict[str, str]:
    """Paths to short texts; an opaque mark has the directory's path and `/*`."""
    found: dict[str, str] = {}
    for entry in entries:
        path = f"{entry.path}/*" if entry.kind is Kind.OPAQUE else entry.path
        assert path not in found
        found[path] = shown(entry)
    return found


class Desk:
    """`source` is copied from, `base` copied onto; both are ordinary directories."""

    def __init__(self, root: Path) -> None:
        self.source = root / "source"
        self.base = root / "base"
        self.temporary = root / "tmp"
        for directory in (self.source, self.base, self.temporary):
            directory.mkdir(mode=0o755)
        self._open: list[int] = []

    def close(self) -> None:
        for fd in self._open:
            os.close(fd)

    def write(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """A file of the source, with its directories."""
        return self._write(self.source, path, text, mode)

    def have(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """A file of the base."""
        return self._write(self.base, path, text, mode)

    def view(self, directory: Path) -> TreeView:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._open.append(fd)
        return TreeView(fd)

    def context(self, dockerfile: Path | None = None) -> Context:
        return open_context(self.source, dockerfile)

    def select(
        self, path: str, *, exclude: tuple[str, ...] = (), parents: bool = False
    ) -> Selection:
        return select(self.context(), path, exclude=exclude, parents=parents)

    def digest(self, path: str, **options: bool) -> str:
        return selection_digest(self.select(path), MemoryFileDigests(), **options)

    def entries(
        self, op: CopyOp, *, from_stage: bool = False, scratch: bool = False
    ) -> list[Entry]:
        tree = self.view(self.source) if from_stage else self.context()
        selections = [
            select(tree, one.path, exclude=op.exclude, parents=op.parents)
            if isinstance(one, TreeSource)
            else None
            for one in op.sources
        ]
        return copy_entries(
            op,
            EmptyTree() if scratch else self.view(self.base),
            selections,
            digests=MemoryFileDigests(),
            temporary=self.temporary,
        )

    def copy(
        self,
        *words: str | InlineSource,
        keyword: str = "COPY",
        chown: str = "",
        chmod: str = "",
        exclude: tuple[str, ...] = (),
        parents: bool = False,
        link: bool = False,
        from_stage: bool = False,
    ) -> dict[str, str]:
        """What `COPY words...` adds; the last word is the destination."""
        sources: list[Source] = [
            TreeSource(ContextTree(), one, one) if isinstance(one, str) else one
            for one in words[:-1]
        ]
        destination = words[-1]
        assert isinstance(destination, str)
        op = CopyOp(
            keyword,
            tuple(sources),
            destination,
            chown,
            chmod,
            exclude,
            parents,
            link,
            None if keyword == "ADD" else False,
        )
        return listing(self.entries(op, from_stage=from_stage))

    @staticmethod
    def _write(root: Path, path: str, text: str, mode: int) -> Path:
        target = root / path
        for missing in reversed([one for one in target.parents if not one.exists()]):
            missing.mkdir()
            missing.chmod(0o755)
        target.write_text(text)
        target.chmod(mode)
        return target


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()
