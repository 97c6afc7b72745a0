"""Owns the finding and making of mount points inside a hostile root file system.

Every step of a walk is an openat2 below the root's descriptor, so a symlink of the image can never lead
outside. What had to be made is recorded by its real path, for the main process to remove after the run.
It refuses to mount.
"""

from __future__ import annotations

import errno
import os
import stat

from lithify.executor.syscalls import RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, openat2

_INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS
_MAX_LINKS = 40


class MountPoints:
    """The places of one root; `made` lists (real path, is directory) of stubs, parents first."""

    def __init__(self, root_fd: int) -> None:
        self._root = root_fd
        self.made: list[tuple[str, bool]] = []

    def open(self, path: str, *, directory: bool) -> int:
        """An O_PATH descriptor of the place, made (with its parents) if missing. Raises OSError."""
        try:
            return openat2(self._root, path, os.O_PATH, resolve=_INSIDE)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
        return self._walk(path, directory)

    def _walk(self, path: str, directory: bool) -> int:
        """Follow links by hand, because the real path of what is made must be known."""
        done: list[str] = []
        pending = path.split("/")[::-1]
        links = 0
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                del done[-1:]
                continue
            try:
                link = self._read_link([*done, name])
            except FileNotFoundError:
                return self._make(done, [name, *pending[::-1]], directory)
            if link is None:
                done.append(name)
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            if link.startswith("/"):
                done.clear()
            pending.extend(link.split("/")[::-1])
        flags = os.O_PATH | os.O_NOFOLLOW
        return openat2(self._root, "/".join(done) or ".", flags, resolve=_INSIDE)

    def _read_link(self, parts: list[str]) -> str | None:
        flags = os.O_PATH | os.O_NOFOLLOW
        fd = openat2(self._root, "/".join(parts), flags, resolve=_INSIDE)
        try:
            if not stat.S_ISLNK(os.fstat(fd).st_mode):
                return None
            return os.readlink("", dir_fd=fd)
        finally:
            os.close(fd)

    def _make(self, done: list[str], missing: list[str], directory: bool) -> int:
        names = [name for name in missing if name not in ("", ".")]
        if ".." in names:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), "/".join([*done, *names]))
        parent = openat2(
            self._root, "/".join(done) or ".", os.O_RDONLY | os.O_DIRECTORY, resolve=_INSIDE
        )
        try:
            before = os.fstat(parent)
            recorded = self._is_in_root(done)
            fd = self._make_below(parent, done, names, directory, recorded)
            os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))
            return fd
        finally:
            os.close(parent)

    def _make_below(
        self, parent: int, done: list[str], names: list[str], directory: bool, recorded: bool
    ) -> int:
        at = os.dup(parent)
        for index, name in enumerate(names):
            is_directory = directory or index + 1 < len(names)
            if is_directory:
                os.mkdir(name, 0o755, dir_fd=at)
            else:
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
                os.close(os.open(name, flags, 0o644, dir_fd=at))
            if recorded:
                self.made.append(("/".join([*done, *names[: index + 1]]), is_directory))
            below = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = below
        return at

    def _is_in_root(self, done: list[str]) -> bool:
        """Whether a directory lies on the root's own mount: stubs inside mounts vanish with them."""
        resolve = _INSIDE | RESOLVE_NO_XDEV
        try:
            os.close(openat2(self._root, "/".join(done) or ".", os.O_PATH, resolve=resolve))
        except OSError as error:
            if error.errno == errno.EXDEV:
                return False
            raise
        return True
