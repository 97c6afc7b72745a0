"""Owns how the operating system's refusals become errors of the store that say what to do.

One place, so that "disk full" reads the same wherever it strikes. It refuses to hide anything but OSError: a bug
stays a bug.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lithify.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_MISPLACED = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


def store_error(error: OSError, doing: str, root: Path) -> StoreError:
    """The StoreError for `error`, met while `doing` something below `root`."""
    if error.errno in _FULL:
        return StoreError(
            f"no space left while {doing} in {root}",
            hint="free space (`lithify prune` removes what no image needs) or use --root",
        )
    if error.errno in _DENIED:
        return StoreError(
            f"{doing} in {root}: {error.strerror}",
            hint="the store belongs to another user or is read-only; choose another with --root",
        )
    if error.errno in _MISPLACED and error.filename:
        return StoreError(
            f"{doing} in {root}: {os.fsdecode(error.filename)} is not what belongs there",
            hint="the store is damaged: remove that, or choose another store with --root",
        )
    return StoreError(f"{doing} in {root}: {error.strerror or error}")


@contextmanager
def store_errors(doing: str, root: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError."""
    try:
        yield
    except OSError as error:
        raise store_error(error, doing, root) from error
