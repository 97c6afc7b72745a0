"""Owns the mounts of RUN: fields as read become mounts of the plan, with absolute targets and trees.

Specification: section 3.2 (table of mount types).
"""

from __future__ import annotations

import posixpath
from functools import partial
from typing import TYPE_CHECKING

from lithify.compiler.dependencies import Need
from lithify.compiler.lower.mount_fields import MountFields, read_mount
from lithify.compiler.paths import absolute_path, clean_path
from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    ContextTree,
    Mount,
    SecretMount,
    SshMount,
    TmpfsMount,
)
from lithify.errors import SourceError
from lithify.grammar.words import quoted

if TYPE_CHECKING:
    from lithify.compiler.lower.context import Lowering
    from lithify.compiler.state import StageState
    from lithify.errors import Span
    from lithify.grammar.ast import Run

_CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"


def lower_mounts(instruction: Run, state: StageState, lowering: Lowering) -> tuple[Mount, ...]:
    """All mounts, sorted by target with parents first; of equal targets the last one stays.

    Raises SourceError at the flag."""
    mounts: list[Mount] = []
    sockets = 0
    for flag in instruction.flags:
        if flag.name != "mount":
            continue
        span = flag.span
        expand = partial(lowering.expand_at, state=state, span=span)
        fields = read_mount(flag.value or "", expand, span)
        target = _target(fields, state.working_dir, sockets, span)
        sockets += fields.kind == "ssh"
        mounts.append(_mount(fields, target, lowering, span))
    return _in_order(mounts)


def _in_order(mounts: list[Mount]) -> tuple[Mount, ...]:
    files = {mount.target: mount for mount in mounts if mount.target}
    variables = [mount for mount in mounts if not mount.target]
    return (*variables, *(files[target] for target in sorted(files)))


def _target(fields: MountFields, working_dir: str, sockets: int, span: Span) -> str:
    """The absolute target; '' for a secret that is only a variable."""
    written = fields.target
    if fields.kind == "secret" and not written:
        if fields.env:
            return ""
        written = f"/run/secrets/{posixpath.basename(fields.id or fields.source)}"
    if fields.kind == "ssh" and not written:
        written = f"/run/buildkit/ssh_agent.{sockets}"
    target = absolute_path(written, working_dir)
    if target == "/":
        raise SourceError(
            f"invalid mount target {quoted(fields.target)}",
            span=span,
            hint="name a directory with target=",
        )
    return target


def _mount(fields: MountFields, target: str, lowering: Lowering, span: Span) -> Mount:
    match fields.kind:
        case "bind":
            return _bind(fields, target, lowering, span)
        case "cache":
            return _cache(fields, target, lowering, span)
        case "tmpfs":
            return TmpfsMount(target, fields.size_bytes)
        case "secret":
            return SecretMount(
                fields.name,
                target,
                fields.env,
                fields.required,
                fields.uid or 0,
                fields.gid or 0,
                0o400 if fields.mode is None else fields.mode,
            )
        case _:
            return SshMount(
                fields.name,
                target,
                fields.required,
                fields.uid or 0,
                fields.gid or 0,
                0o600 if fields.mode is None else fields.mode,
            )


def _bind(fields: MountFields, target: str, lowering: Lowering, span: Span) -> BindMount:
    tree = (
        lowering.trees.find(Need(fields.origin, span, is_copy=False), target)
        if fields.origin
        else ContextTree()
    )
    return BindMount(target, tree, absolute_path(fields.source), fields.read_only is False)


def _cache(fields: MountFields, target: str, lowering: Lowering, span: Span) -> CacheMount:
    name = fields.id or clean_path(fields.target)
    namespace = lowering.scope.build_args.get(_CACHE_NAMESPACE, "")
    tree = (
        lowering.trees.find(Need(fields.origin, span, is_copy=False), target)
        if fields.origin
        else None
    )
    return CacheMount(
        target,
        f"{namespace}/{name}" if namespace else name,
        fields.sharing or "shared",
        fields.read_only is True,
        fields.uid or 0,
        fields.gid or 0,
        0o755 if fields.mode is None else fields.mode,
        tree,
        absolute_path(fields.source),
    )
