"""Owns which snapshots may be believed after the machine went down.

Snapshots are written without waiting for the disk: a killed process loses nothing by that, a power
cut may leave empty files behind. So each carries the boot it was made in until it is known to be on
disk, and one of an earlier boot is unpacked again from its blob. It refuses to look at content.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from lithify.executor.snapshot.attributes import mark

_XATTR = "trusted.overlay.lithify.boot"
_ON_DISK = b"on disk"


@cache
def _this_boot() -> bytes:
    return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()


def seal(directory: Path) -> None:
    """Mark a complete snapshot, before it gets its name. Raises OSError, SandboxError."""
    mark(directory, _XATTR, _this_boot())


def is_trusted(directory: Path) -> bool:
    """Whether a snapshot of that name exists and is complete."""
    try:
        return os.getxattr(directory, _XATTR) in (_this_boot(), _ON_DISK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENODATA, errno.ENOTDIR):
            return False
        raise


def confirm(directories: tuple[Path, ...]) -> None:
    """Note that snapshots listed before a sync are on disk now."""
    for directory in directories:
        with suppress(FileNotFoundError):
            if is_trusted(directory):
                os.setxattr(directory, _XATTR, _ON_DISK)
