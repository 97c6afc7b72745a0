"""Owns contexts that arrive as one stream: standard input, or a downloaded file.

What a stream is shows in its first bytes: an archive becomes a directory, anything else is the Dockerfile. Streams
are kept in a file first, for they can be read only once. It refuses streams without an end.

Specification: section 8.4.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.errors import BuildError, SourceError
from lithify.executor.context import Context
from lithify.executor.inputs import MOST_DOCKERFILE_BYTES
from lithify.executor.remote.archives import is_archive, unpack_context

if TYPE_CHECKING:
    from typing import BinaryIO

    from lithify.executor.access import Access
    from lithify.executor.tree import Tree

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StreamedContext:
    """A context; `text` is the Dockerfile if the stream was one, `time_s` that of the newest file."""

    tree: Context
    text: bytes | None = None
    time_s: int | None = None


def open_stream(source: BinaryIO | None, temporary: Path, access: Access) -> StreamedContext:
    """The context that a stream holds; an empty one if the stream is a Dockerfile.

    Directories are made in `temporary` and stay there; the caller closes the tree. Raises SourceError, BuildError,
    Corrupt, Cancelled."""
    with tempfile.TemporaryFile(dir=temporary) as spool:
        if source is not None:
            _spool(source, spool, access)
        if is_archive(spool):
            return _unpacked(spool, temporary, "the context on standard input", access)
        text = spool.read(MOST_DOCKERFILE_BYTES + 1)
    if len(text) > MOST_DOCKERFILE_BYTES:
        raise SourceError(
            f"the Dockerfile on standard input has more than {MOST_DOCKERFILE_BYTES} bytes"
        )
    return StreamedContext(_opened(_new_directory(temporary)), text)


def open_archive_of(
    tree: Tree, path: str, temporary: Path, access: Access
) -> StreamedContext | None:
    """The context that a downloaded file holds; None if it is no archive.

    As `open_stream`."""
    with os.fdopen(tree.open(path), "rb") as source:
        if not is_archive(source):
            return None
        return _unpacked(source, temporary, "the downloaded context", access)


def _spool(source: BinaryIO, spool: BinaryIO, access: Access) -> None:
    size = 0
    while chunk := source.read(_CHUNK):
        access.cancellation.check()
        size += len(chunk)
        if size > access.bounds.most_bytes:
            raise BuildError(f"standard input holds more than {access.bounds.most_bytes} bytes")
        spool.write(chunk)
    spool.seek(0)


def _unpacked(source: BinaryIO, temporary: Path, what: str, access: Access) -> StreamedContext:
    directory = _new_directory(temporary)
    newest_s = unpack_context(source, directory, what, access.cancellation.check)
    return StreamedContext(_opened(directory), None, newest_s or None)


def _new_directory(temporary: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="context-", dir=temporary))


def _opened(directory: Path) -> Context:
    return Context(os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
