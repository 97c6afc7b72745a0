"""Owns the mounts of a RUN: from what the plan says to descriptors that the sandbox can attach.

Everything opened here lives exactly as long as the step, in one exit stack; nothing is mounted anywhere that others
can see. It refuses policy: options were validated by the compiler.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.cache.records import MOUNT_ID
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    SecretMount,
    SshMount,
    TmpfsMount,
)
from lithify.errors import BuildError
from lithify.executor import syscalls
from lithify.executor.isolation import ports
from lithify.executor.ops import cache_mounts, ssh
from lithify.executor.snapshot.flatten import flatten

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from lithify.cache.ports import Layer
    from lithify.compiler.plan import RunOp, Tree
    from lithify.executor.services import Services

_AT_FDCWD = -100

SandboxMount = ports.MountFd | ports.TmpfsMount | ports.FileMount


@dataclass(slots=True)
class StepMounts:
    """What the sandbox mounts for one step, and the variables that came with it."""

    mounts: list[SandboxMount] = field(default_factory=list)
    env: list[tuple[str, str]] = field(default_factory=list)
    secret_env: list[tuple[str, str]] = field(default_factory=list)


class MountMaker:
    """Turns a step's mounts into descriptors; `layers_of` gives the layers of any tree's selection.

    `layers_of(tree, source)` returns the layers that hold `source` and the path of it inside them."""

    def __init__(
        self,
        services: Services,
        stack: ExitStack,
        layers_of: Callable[[Tree, str], tuple[tuple[Layer, ...], str]],
    ) -> None:
        self._services = services
        self._stack = stack
        self._layers_of = layers_of
        self._caches: dict[str, Path] = {}
        self._sockets = 0

    def make(self, op: RunOp, *, fresh_caches: bool) -> StepMounts:
        """All mounts of a step. Raises BuildError (a required secret is missing, ...)."""
        out = StepMounts()
        for mount in op.mounts:
            match mount:
                case BindMount():
                    out.mounts.append(self._bind(mount, op.cwd))
                case CacheMount():
                    out.mounts.append(self._cache(mount, op.cwd, fresh_caches))
                case TmpfsMount():
                    target = posixpath.join(op.cwd, mount.target)
                    out.mounts.append(ports.TmpfsMount(target, mount.size_bytes))
                case SecretMount():
                    self._secret(mount, op.cwd, out)
                case SshMount():
                    self._ssh(mount, op.cwd, out)
        if op.script is not None:
            name, content = op.script
            path = f"/dev/pipes/{name}"
            out.mounts.append(ports.FileMount(path, content, mode=0o755, noexec=False))
        return out

    def _bind(self, mount: BindMount, cwd: str) -> ports.MountFd:
        layers, subpath = self._layers_of(mount.tree, mount.source)
        if mount.writable:
            snapshot = self._scratchpad(layers)
        else:
            snapshot = self._stack.enter_context(self._services.snapshots.view(layers))
        return ports.MountFd(
            snapshot, posixpath.join(cwd, mount.target), subpath, read_only=not mount.writable
        )

    def _scratchpad(self, layers: tuple[Layer, ...]) -> int:
        """A writable union whose changes are forgotten with the step."""
        empty = self._services.store.tmp_dir() / "no-mount-points"
        empty.mkdir(exist_ok=True)
        snapshot = self._services.snapshots.prepare(layers, stub=empty)
        return self._stack.enter_context(snapshot).root_fd

    def _cache(self, mount: CacheMount, cwd: str, fresh: bool) -> ports.MountFd:
        layers: tuple[Layer, ...] = ()
        if mount.tree is not None:
            layers, _ = self._layers_of(mount.tree, "/")
        content = ",".join(layer.diff_id for layer in layers)
        name = cache_mounts.cache_name(mount, content)
        store = self._services.store
        area = cache_mounts.CacheArea(store.root / "mounts", store.tmp_dir())
        if name not in self._caches:
            if fresh:
                cache_mounts.discard_cache(area.mounts, name)
            store.records.memo_put(MOUNT_ID, name, mount.id)
            self._caches[name] = self._stack.enter_context(
                cache_mounts.opened_cache(area, name, mount, self._filler(layers))
            )
        fd = syscalls.open_tree(_AT_FDCWD, os.fspath(self._caches[name]))
        self._stack.callback(os.close, fd)
        target = posixpath.join(cwd, mount.target)
        return ports.MountFd(fd, target, mount.source, read_only=mount.read_only)

    def _filler(self, layers: tuple[Layer, ...]) -> Callable[[Path], None] | None:
        if not layers:
            return None

        def fill(directory: Path) -> None:
            flatten(self._services.snapshots.directories(layers)[::-1], directory)

        return fill

    def _secret(self, mount: SecretMount, cwd: str, out: StepMounts) -> None:
        value = self._services.secret(mount.id)
        if value is None and mount.required:
            raise BuildError(
                f"secret {mount.id}: not found",
                hint=f"give it with --secret id={mount.id},src=FILE or env=VARIABLE",
            )
        if mount.env:
            out.secret_env.append((mount.env, (value or b"").decode("utf-8", "surrogateescape")))
        if value is not None and mount.target:
            noexec = not mount.mode & 0o111
            target = posixpath.join(cwd, mount.target)
            out.mounts.append(
                ports.FileMount(target, value, mount.mode, mount.uid, mount.gid, noexec)
            )

    def _ssh(self, mount: SshMount, cwd: str, out: StepMounts) -> None:
        target = posixpath.join(cwd, mount.target)
        if not any(name == "SSH_AUTH_SOCK" for name, _ in out.env):
            out.env.append(("SSH_AUTH_SOCK", target))
        agent = self._services.ssh_agents.get(mount.id)
        if agent is None:
            if mount.required:
                raise BuildError(
                    f'no SSH key "{mount.id}" forwarded from the client',
                    hint=f"give it with --ssh {mount.id}",
                )
            return
        name = f"ssh-{os.urandom(4).hex()}-{self._sockets}"
        self._sockets += 1
        directory = self._services.store.tmp_dir()
        path = self._stack.enter_context(ssh.forwarded_agent(agent, directory, name, mount))
        fd = syscalls.open_tree(_AT_FDCWD, os.fspath(path))
        self._stack.callback(os.close, fd)
        out.mounts.append(ports.MountFd(fd, target, "", read_only=False))
