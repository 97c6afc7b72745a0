"""Owns what repairing and formatting do to files of a project: replacing one whole, showing what would change.

Readers see the old file or the new one, never a part; a link stays one, and mode and owner stay. It refuses to write a
file that may not be written, though a directory that may be would allow it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def replace_file(path: str, data: bytes) -> None:
    """Write a file anew in one step. Raises OSError, after which the old one is there and nothing beside it."""
    import tempfile

    place = os.path.realpath(path)
    status = os.stat(place)
    if not os.access(place, os.W_OK):
        raise PermissionError(13, "the file is read-only", path)
    descriptor, temporary = tempfile.mkstemp(prefix=".lithify-", dir=os.path.dirname(place))
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                _keep_owner(file.fileno(), status)
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


def _keep_owner(descriptor: int, status: os.stat_result) -> None:
    """Owner and group stay where that is allowed; the group alone where only that is."""
    for owner in (status.st_uid, -1):
        try:
            os.fchown(descriptor, owner, status.st_gid)
        except PermissionError:
            continue
        return


def difference(name: str, before: str, after: str) -> str:
    """What changes, as a unified diff that `patch` takes; empty if nothing does."""
    import difflib

    old, new = list(_lines(before)), list(_lines(after))
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    )


def _lines(text: str) -> Iterator[str]:
    """Lines that end with a newline only: other separators are ordinary characters of a file."""
    at = 0
    while at < len(text):
        newline = text.find("\n", at)
        end = len(text) if newline < 0 else newline + 1
        yield text[at:end]
        at = end
