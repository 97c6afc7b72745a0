"""Owns the reading of an image's whole file system, for outputs that are files and not images.

It exists so that the tar and the directory output agree on what is in an image, for one platform or
several. It refuses to follow links and to write.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor.entries import Entry, Kind
from lithify.executor.snapshot.attributes import read_xattrs
from lithify.executor.snapshot.changes import UpperFile
from lithify.executor.snapshot.lower import open_beneath
from lithify.executor.snapshot.snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.platform import Platform
    from lithify.executor.export.ports import ExportRequest

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_KINDS = {
    stat.S_IFREG: Kind.FILE,
    stat.S_IFDIR: Kind.DIRECTORY,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFCHR: Kind.CHARACTER,
    stat.S_IFBLK: Kind.BLOCK,
    stat.S_IFIFO: Kind.FIFO,
}


@contextmanager
def image_entries(request: ExportRequest, split: bool) -> Iterator[list[Entry]]:
    """The objects of all images, each in its platform's directory if `split`; content is readable
    in the block.

    With an explicit epoch every time is the epoch (specification of outputs, SOURCE_DATE_EPOCH).
    Raises BuildError if two platforms differ at one path, StoreError, ContentError."""
    snapshots = Snapshots(request.store)
    with ExitStack() as stack:
        found: dict[str, tuple[Entry, Platform]] = {}
        for image in request.images:
            fd = stack.enter_context(snapshots.view(image.layers))
            prefix = platform_directory(image.platform) if split else ""
            if prefix:
                found[prefix] = Entry(prefix, Kind.DIRECTORY, mode=0o755), image.platform
            for entry in walk(fd, prefix):
                if request.epoch_s is not None:
                    entry.mtime = request.epoch_s
                _add(found, entry, image.platform)
        yield [entry for entry, _ in found.values()]


def platform_directory(platform: Platform) -> str:
    """`linux_arm_v7` for linux/arm/v7."""
    return str(platform).replace("/", "_")


def walk(root_fd: int, prefix: str = "") -> Iterator[Entry]:
    """All objects below a directory, parents first, without the directory itself."""
    waiting = [""]
    first_of: dict[int, str] = {}
    while waiting:
        path = waiting.pop()
        fd = open_beneath(root_fd, path, _DIRECTORY)
        if fd is None:
            raise BuildError(f"cannot read the directory {path[:80]!r} of the image")
        try:
            for name in sorted(os.listdir(fd)):
                inner = f"{path}/{name}" if path else name
                entry = _entry(fd, name, inner, root_fd, prefix, first_of)
                if entry is not None:
                    yield entry
                    if entry.kind is Kind.DIRECTORY:
                        waiting.append(inner)
        finally:
            os.close(fd)


def _entry(
    fd: int, name: str, path: str, root_fd: int, prefix: str, first_of: dict[int, str]
) -> Entry | None:
    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    shown = f"{prefix}/{path}" if prefix else path
    entry = Entry(
        shown,
        kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        mtime=status.st_mtime_ns // 1_000_000_000,
        xattrs=read_xattrs(f"/proc/self/fd/{fd}/{name}"),
    )
    if kind is not Kind.DIRECTORY and status.st_nlink > 1:
        first = first_of.setdefault(status.st_ino, shown)
        if first != shown:
            return replace(entry, kind=Kind.HARDLINK, target=first, xattrs=())
    if kind is Kind.FILE:
        entry.content = UpperFile(root_fd, path, status.st_size)
    elif kind is Kind.SYMLINK:
        entry.target = os.readlink(name, dir_fd=fd)
    elif kind in (Kind.CHARACTER, Kind.BLOCK):
        entry.device = os.major(status.st_rdev), os.minor(status.st_rdev)
    return entry


def _add(found: dict[str, tuple[Entry, Platform]], entry: Entry, platform: Platform) -> None:
    before = found.get(entry.path)
    if before is None:
        found[entry.path] = entry, platform
    elif not before[0].kind is entry.kind is Kind.DIRECTORY:
        raise BuildError(
            f"cannot overwrite {entry.path} from {before[1]} with {platform}"
            " when split option is disabled"
        )
