"""Owns the world a sandboxed process sees: /proc, /sys, /dev, masked paths and the caller's mounts.

The layout is that of the common container engines. Device nodes other than the usual ones are unusable
because every writable mount is nodev: a node made by the process, or shipped by an image, is recorded
but can't be opened. It refuses to change credentials.
"""

from __future__ import annotations

import os
import stat
from typing import Any

from lithify.executor.isolation import terminal
from lithify.executor.isolation.mountpoints import MountPoints
from lithify.executor.syscalls import (
    AT_RECURSIVE,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    OPEN_TREE_CLONE,
    fsconfig_create,
    fsconfig_flag,
    fsconfig_string,
    fsmount,
    fsopen,
    mount_setattr,
    move_mount,
    open_tree,
    openat2,
)

STRICT = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC

#: name: (major, minor) of the nodes every container has.
DEVICES = {
    "null": (1, 3),
    "zero": (1, 5),
    "full": (1, 7),
    "random": (1, 8),
    "urandom": (1, 9),
    "tty": (5, 0),
}
#: What `insecure` adds.
_MORE_DEVICES = {
    "kmsg": (1, 11),
    "cuse": (10, 203),
    "fuse": (10, 229),
    "kvm": (10, 232),
    "loop-control": (10, 237),
    "net/tun": (10, 200),
    **{f"loop{number}": (7, number) for number in range(8)},
}
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "core": "/proc/kcore",
    "ptmx": "pts/ptmx",
}
_MASKED_PROC = (
    "acpi",
    "asound",
    "interrupts",
    "kcore",
    "keys",
    "latency_stats",
    "timer_list",
    "timer_stats",
    "sched_debug",
    "scsi",
)
_MASKED_SYS = ("firmware", "devices/virtual/powercap")
_READ_ONLY_PROC = ("bus", "fs", "irq", "sys", "sysrq-trigger")


def new_mount(kind: str, options: dict[str, str], attributes: int) -> int:
    """A detached mount of a new file system; an option with an empty value is a flag."""
    context = fsopen(kind)
    try:
        for key, value in options.items():
            if value:
                fsconfig_string(context, key, value)
            else:
                fsconfig_flag(context, key)
        fsconfig_create(context)
        return fsmount(context, attributes)
    finally:
        os.close(context)


class RootBuilder:
    """Builds one root in the caller's (new) mount namespace.

    `pantry_fd` is a read-only mount with the usual device nodes and an empty directory `empty`;
    `stage_fd` is an empty directory outside the root that a scratch file system may cover.
    """

    def __init__(self, root_fd: int, *, pantry_fd: int, stage_fd: int, insecure: bool) -> None:
        self._root = root_fd
        self._pantry = pantry_fd
        self._stage = stage_fd
        self._insecure = insecure
        self._pts = -1
        self._dev = -1
        self.points = MountPoints(root_fd)

    def attach(self, fd: int, target: str, *, directory: bool = True) -> None:
        """Attach a detached mount at a path inside the root."""
        place = self.points.open(target, directory=directory)
        move_mount(fd, place)
        os.close(place)

    def mount_system(self, shm_bytes: int) -> None:
        """Mount /proc, /sys and /dev, masked as container engines do unless insecure."""
        proc = new_mount("proc", {}, STRICT)
        self.attach(proc, "proc")
        sys_attributes = STRICT | (0 if self._insecure else MOUNT_ATTR_RDONLY)
        sysfs = new_mount("sysfs", {}, sys_attributes)
        self.attach(sysfs, "sys")
        self._mount_cgroup(sysfs, sys_attributes)
        self._mount_dev(shm_bytes)
        if not self._insecure:
            self._mask(proc, _MASKED_PROC)
            self._mask(sysfs, _MASKED_SYS)
            for path in _READ_ONLY_PROC:
                self._make_read_only(proc, path)
        os.close(proc)
        os.close(sysfs)

    def _mount_cgroup(self, sysfs: int, attributes: int) -> None:
        try:
            cgroup = new_mount("cgroup2", {}, attributes)
            place = openat2(sysfs, "fs/cgroup", os.O_PATH)
        except OSError:
            # Hosts without cgroup v2 have nothing to show; no build depends on it.
            return
        move_mount(cgroup, place)
        os.close(place)
        os.close(cgroup)

    def _mount_dev(self, shm_bytes: int) -> None:
        attributes = MOUNT_ATTR_NOSUID | (0 if self._insecure else MOUNT_ATTR_NODEV)
        dev = new_mount("tmpfs", {"mode": "755", "size": "65536k"}, attributes)
        for name in ("pts", "shm", "mqueue"):
            os.mkdir(name, dir_fd=dev)
        for name, target in _LINKS.items():
            os.symlink(target, name, dir_fd=dev)
        self.attach(dev, "dev")
        self._add_devices(dev)
        pts_options = {"newinstance": "", "ptmxmode": "0666", "mode": "0620", "gid": "5"}
        self._pts = new_mount("devpts", pts_options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
        shm = new_mount("tmpfs", {"mode": "1777", "size": str(shm_bytes)}, STRICT)
        mqueue = new_mount("mqueue", {}, STRICT)
        for fd, name in ((self._pts, "pts"), (shm, "shm"), (mqueue, "mqueue")):
            place = openat2(dev, name, os.O_PATH)
            move_mount(fd, place)
            os.close(place)
        os.close(shm)
        os.close(mqueue)
        self._dev = dev

    def _add_devices(self, dev: int) -> None:
        if self._insecure:
            os.mkdir("net", dir_fd=dev)
            for name, (major, minor) in {**DEVICES, **_MORE_DEVICES}.items():
                os.mknod(name, 0o666 | stat.S_IFCHR, os.makedev(major, minor), dir_fd=dev)
                os.chmod(name, 0o666, dir_fd=dev)
            return
        for name in DEVICES:
            self._bind_file(open_tree(self._pantry, name), dev, name)

    def _bind_file(self, tree: int, directory: int, name: str) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
        os.close(os.open(name, flags, 0o666, dir_fd=directory))
        place = openat2(directory, name, os.O_PATH)
        move_mount(tree, place)
        os.close(place)
        os.close(tree)

    def _mask(self, filesystem: int, paths: tuple[str, ...]) -> None:
        for path in paths:
            try:
                place = openat2(filesystem, path, os.O_PATH)
            except FileNotFoundError:
                continue
            is_directory = stat.S_ISDIR(os.fstat(place).st_mode)
            tree = open_tree(self._pantry, "empty" if is_directory else "null")
            move_mount(tree, place)
            os.close(tree)
            os.close(place)

    def _make_read_only(self, proc: int, path: str) -> None:
        try:
            place = openat2(proc, path, os.O_PATH)
        except FileNotFoundError:
            return
        tree = open_tree(place, "")
        mount_setattr(tree, set_attributes=MOUNT_ATTR_RDONLY)
        move_mount(tree, place)
        os.close(tree)
        os.close(place)

    def mount_all(self, mounts: list[tuple[Any, ...]], fds: list[int]) -> None:
        """Attach the caller's mounts in order; kinds are as `wire` requests name them."""
        self._write_files([mount for mount in mounts if mount[0] == "file"])
        number = 0
        for mount in mounts:
            try:
                if mount[0] == "file":
                    self._mount_file(number, mount[1], noexec=mount[6])
                    number += 1
                elif mount[0] == "tmpfs":
                    self._mount_tmpfs(*mount[1:])
                else:
                    self._mount_fd(fds[mount[2]], mount[1], *mount[3:])
            except OSError as error:
                raise OSError(error.errno, error.strerror, mount[1]) from error

    def _write_files(self, files: list[tuple[Any, ...]]) -> None:
        """Put contents on a scratch tmpfs of this namespace, which only binds keep alive."""
        scratch = new_mount("tmpfs", {"mode": "700"}, 0)
        for number, (_, _, content, mode, uid, gid, _) in enumerate(files):
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            fd = os.open(str(number), flags, 0o600, dir_fd=scratch)
            with open(fd, "wb", closefd=False) as file:
                file.write(content)
            os.fchown(fd, uid, gid)
            os.fchmod(fd, mode)
            os.utime(fd, ns=(0, 0))
            os.close(fd)
        mount_setattr(
            scratch, set_attributes=MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
        )
        move_mount(scratch, self._stage)
        self._stage = scratch

    def _mount_file(self, number: int, target: str, *, noexec: bool) -> None:
        tree = open_tree(self._stage, str(number))
        if noexec:
            mount_setattr(tree, set_attributes=MOUNT_ATTR_NOEXEC)
        self.attach(tree, target, directory=False)
        os.close(tree)

    def _mount_tmpfs(self, target: str, size_bytes: int, mode: int) -> None:
        options = {"mode": f"{mode:o}"}
        if size_bytes:
            options["size"] = str(size_bytes)
        fd = new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
        self.attach(fd, target)
        os.close(fd)

    def _mount_fd(self, fd: int, target: str, subpath: str, attributes: int) -> None:
        if not self._insecure:
            attributes |= MOUNT_ATTR_NODEV
        if subpath.strip("/"):
            fd = self._select(fd, subpath)
        if attributes:
            mount_setattr(fd, set_attributes=attributes, recursive=True)
        is_directory = stat.S_ISDIR(os.fstat(fd).st_mode)
        self.attach(fd, target, directory=is_directory)

    def _select(self, fd: int, subpath: str) -> int:
        """A clone of a part of a mount: kernels clone attached mounts only, hence the detour."""
        move_mount(fd, self._stage)
        place = openat2(fd, subpath, os.O_PATH)
        tree = open_tree(place, "", OPEN_TREE_CLONE | AT_RECURSIVE)
        os.close(place)
        return tree

    def add_terminal(self, rows: int, columns: int, uid: int) -> tuple[int, int]:
        """A pty of the container's own devpts, shown as /dev/console: (master, slave)."""
        master, slave, name = terminal.open_pty(self._pts, rows, columns)
        os.fchown(slave, uid, -1)
        self._bind_file(open_tree(self._pts, name), self._dev, "console")
        return master, slave
