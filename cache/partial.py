"""Owns downloads that were broken off: their first bytes, kept under the digest of the whole until somebody goes on.

They lie in `partial/` of a store. Nothing is believed of them: the whole is compared with its digest at the end, and what
was wrong is removed. Old ones go when another download begins. It refuses to lock: whoever fetches a blob holds it alone.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from lithify.cache.blobs import FileBlobWriter
from lithify.cache.failures import store_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.digest import Digest

FOLDER = "partial"
#: Less than this is not worth a file.
LEAST_BYTES = 64 * 1024
#: So long after its last byte a partial download is taken for forgotten.
LONGEST_AGE_S = 7 * 24 * 3600.0


@contextmanager
def resumed(blobs: FileBlobStore, digest: Digest) -> Iterator[FileBlobWriter]:
    """A writer that holds what an earlier download left; leaving without commit keeps it for a later one.

    The caller holds the blob's lock among processes. Raises StoreError."""
    folder = blobs.root / FOLDER
    with store_errors("continuing a download", blobs.root):
        folder.mkdir(mode=0o700, exist_ok=True)
        sweep(folder, time.time() - LONGEST_AGE_S)
        writer = FileBlobWriter(blobs, folder / digest.hex, is_resumed=True)
    try:
        yield writer
    finally:
        writer.keep(LEAST_BYTES)


def sweep(folder: Path, before: float) -> None:
    """Remove what was not written to since (Unix time)."""
    for path in tuple(folder.iterdir()):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
