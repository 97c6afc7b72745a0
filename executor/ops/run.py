"""Owns RUN: a process over the parent's file system, and the layer of what it changed.

The sandbox isolates, the snapshot records; this module joins them and decides what a non-zero exit means. It
refuses to look at what the process wrote: that is the snapshot's comparison.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from lithify.errors import StepFailed
from lithify.executor.isolation.ports import Identity, Limits, RunSpec
from lithify.executor.ops.environment import process_environment
from lithify.executor.ops.mounts import MountMaker, StepMounts
from lithify.executor.ops.output import Output
from lithify.executor.ops.owner import process_identity
from lithify.executor.tree import TreeView

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.ports import Layer
    from lithify.compiler.plan import RunOp, Step, Tree
    from lithify.executor.services import Services
    from lithify.executor.snapshot.snapshots import CommitResult

DEFAULT_HOSTNAME = "lithify"


def run_process(
    services: Services,
    step: Step,
    op: RunOp,
    parent: tuple[Layer, ...],
    layers_of: Callable[[Tree, str], tuple[tuple[Layer, ...], str]],
    emit: Callable[[str, bytes], None],
) -> CommitResult:
    """Run a step and commit its layer.

    Raises StepFailed for a non-zero exit, BuildError, SandboxError, Cancelled."""
    logical_time = services.logical_time(len(parent))
    with ExitStack() as stack:
        snapshot = stack.enter_context(services.snapshots.prepare(parent))
        mounts = MountMaker(services, stack, layers_of).make(op, fresh_caches=step.no_cache)
        spec = _spec(services, op, snapshot.root_fd, mounts)
        started_ns = time.time_ns()
        _execute(services, step, spec, emit)
        return snapshot.commit(
            started_ns=started_ns,
            logical_time=logical_time,
            clamp=services.epoch_s is not None,
            faithful=services.faithful,
        )


def _spec(services: Services, op: RunOp, root_fd: int, mounts: StepMounts) -> RunSpec:
    identity = process_identity(TreeView(root_fd), op.user)
    defaults = Limits()
    return RunSpec(
        root_fd=root_fd,
        argv=op.argv,
        env=process_environment(
            (*mounts.env, *op.env),
            home=identity.home,
            epoch_s=services.logical_time(0),
            faithful=services.faithful,
            proxies=op.proxies,
            secrets=mounts.secret_env,
        ),
        cwd=op.cwd,
        identity=Identity(identity.uid, identity.gid, identity.groups),
        hostname=op.hostname or DEFAULT_HOSTNAME,
        extra_hosts=op.extra_hosts,
        network=op.network,
        insecure=not op.secure,
        mounts=tuple(mounts.mounts),
        limits=Limits(op.ulimits, op.shm_size_bytes or defaults.shm_size_bytes),
    )


def _execute(
    services: Services, step: Step, spec: RunSpec, emit: Callable[[str, bytes], None]
) -> None:
    services.cancellation.check()
    with Output(emit) as output:
        process = services.sandbox.get().start(spec, stdout=output.stdout, stderr=output.stderr)
        with services.cancellation.calling(process.kill):
            status = process.wait()
        output.finish()
        services.cancellation.check()
        if status.code != 0:
            raise StepFailed(
                _failure_text(spec.argv, status.code, status.signal),
                exit_code=status.code,
                tail=output.tail(),
                span=step.span,
            )


def _failure_text(argv: tuple[str, ...], code: int, signal: int) -> str:
    command = " ".join(argv)
    if len(command) > 400:
        command = command[:400] + "..."
    ended = f"signal {signal} (exit code: {code})" if signal else f"exit code: {code}"
    return f'process "{command}" did not complete successfully: {ended}'
