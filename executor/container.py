"""Owns running a process from an image outside of any build: what `lithify run` does.

It uses the same sandbox and snapshots as RUN, so that what works in a build works here; the file system is private
and vanishes with the process. It refuses to keep containers.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lithify.errors import BuildError
from lithify.executor import console, syscalls
from lithify.executor.isolation.ports import Identity, MountFd, RunSpec
from lithify.executor.isolation.terminal import resize
from lithify.executor.ops.owner import process_identity
from lithify.executor.tree import TreeView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.executor.isolation.ports import Process, Sandbox
    from lithify.executor.snapshot.snapshots import Snapshots

_AT_FDCWD = -100
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What to run: None for `command` or `entrypoint` means the image's own.

    Volumes are (host path, path inside, read-only)."""

    command: tuple[str, ...] | None
    entrypoint: tuple[str, ...] | None
    env: tuple[tuple[str, str], ...]
    workdir: str
    user: str
    volumes: tuple[tuple[str, str, bool], ...]
    hostname: str
    network: str
    interactive: bool
    tty: bool


def run_container(
    image: ResolvedImage,
    spec: ContainerSpec,
    snapshots: Snapshots,
    sandbox: Sandbox,
    descriptors: tuple[int, int, int],
) -> int:
    """Run and wait; the exit status of the process (128 + signal when killed).

    `descriptors` are standard input, output and error. Raises BuildError, SandboxError."""
    with ExitStack() as stack:
        snapshot = stack.enter_context(snapshots.prepare(image.layers))
        mounts = tuple(_volume(stack, *one) for one in spec.volumes)
        run = _run_spec(image, spec, snapshot.root_fd, mounts, descriptors[0])
        if spec.tty:
            return _with_terminal(sandbox, run, spec, descriptors)
        return _with_pipes(sandbox, run, spec, descriptors)


def _run_spec(
    image: ResolvedImage,
    spec: ContainerSpec,
    root_fd: int,
    mounts: tuple[MountFd, ...],
    stdin: int,
) -> RunSpec:
    config = image.config.config
    identity = process_identity(TreeView(root_fd), spec.user or config.user)
    return RunSpec(
        root_fd=root_fd,
        argv=_argv(image, spec),
        env=_environment(config.env, identity.home, spec),
        cwd=spec.workdir or config.working_dir or "/",
        identity=Identity(identity.uid, identity.gid, identity.groups),
        hostname=spec.hostname or "lithify",
        network=spec.network,
        no_aslr=False,
        mounts=mounts,
        tty=console.terminal_size(stdin) if spec.tty else None,
    )


def _argv(image: ResolvedImage, spec: ContainerSpec) -> tuple[str, ...]:
    config = image.config.config
    entrypoint = config.entrypoint if spec.entrypoint is None else spec.entrypoint
    command = spec.command
    if command is None:
        # A replaced entrypoint does not get the image's arguments.
        command = config.cmd if spec.entrypoint is None else ()
    argv = (*(entrypoint or ()), *(command or ()))
    if not argv:
        raise BuildError(
            f"{image.reference} has no command to run",
            hint="name one after the image, such as `lithify run IMAGE sh`",
        )
    return argv


def _environment(
    image_env: tuple[str, ...], home: str, spec: ContainerSpec
) -> tuple[tuple[str, str], ...]:
    merged = {"PATH": _DEFAULT_PATH, "HOSTNAME": spec.hostname or "lithify"}
    if spec.tty:
        merged["TERM"] = "xterm"
    for pair in image_env:
        name, _, value = pair.partition("=")
        merged[name] = value
    merged.setdefault("HOME", home)
    merged.update(spec.env)
    return tuple(merged.items())


def _volume(stack: ExitStack, host: str, inside: str, read_only: bool) -> MountFd:
    if not os.path.exists(host):
        os.makedirs(host)
    flags = syscalls.OPEN_TREE_CLONE | syscalls.AT_RECURSIVE
    fd = syscalls.open_tree(_AT_FDCWD, os.path.abspath(host), flags)
    stack.callback(os.close, fd)
    return MountFd(fd, inside, read_only=read_only)


def _with_pipes(
    sandbox: Sandbox, run: RunSpec, spec: ContainerSpec, descriptors: tuple[int, int, int]
) -> int:
    stdin, stdout, stderr = descriptors
    process = sandbox.start(
        run, stdin=stdin if spec.interactive else None, stdout=stdout, stderr=stderr
    )
    with _forwarding_signals(process):
        return process.wait().code


def _with_terminal(
    sandbox: Sandbox, run: RunSpec, spec: ContainerSpec, descriptors: tuple[int, int, int]
) -> int:
    stdin, stdout, stderr = descriptors
    process = sandbox.start(run, stdout=stdout, stderr=stderr)
    master = process.pty_master
    assert master is not None
    with (
        _forwarding_signals(process),
        console.raw_terminal(stdin),
        console.following_size(stdin, lambda rows, columns: resize(master, rows, columns)),
    ):
        console.pump(master, stdin if spec.interactive else None, stdout)
        return process.wait().code


@contextmanager
def _forwarding_signals(process: Process) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP reach the process; a second SIGINT kills it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupts = 0

    def forward(number: int, _: object) -> None:
        nonlocal interrupts
        interrupts += number == signal.SIGINT
        if interrupts > 1:
            process.kill()
        else:
            process.signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = [signal.signal(number, forward) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
