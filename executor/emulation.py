"""Owns the question whether a RUN for another architecture can be executed here.

The kernel runs foreign programs when an interpreter such as qemu-user is registered in binfmt_misc; without one
a build would fail in the middle with "exec format error". So it is asked before anything runs. It refuses to
register interpreters: that is the machine owner's choice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lithify.compiler.plan import RunOp
from lithify.errors import BuildError

if TYPE_CHECKING:
    from lithify.cache.platform import Platform
    from lithify.compiler.plan import Plan

_REGISTRY = Path("/proc/sys/fs/binfmt_misc")
#: What a processor runs besides its own architecture.
_NATIVE = {"amd64": frozenset(("amd64", "386"))}
#: Architectures as qemu calls them.
_QEMU = {
    "386": "i386",
    "amd64": "x86_64",
    "arm64": "aarch64",
    "loong64": "loongarch64",
    "mips64le": "mips64el",
}


def check_runnable(plan: Plan, host: Platform, registry: Path = _REGISTRY) -> None:
    """Raises BuildError at the first RUN for a platform that can't be executed here."""
    for step in plan.steps:
        if isinstance(step.op, RunOp) and not _is_runnable(step.platform, host, registry):
            name = _QEMU.get(step.platform.architecture, step.platform.architecture)
            raise BuildError(
                f"cannot run {step.platform} programs on this {host} machine",
                span=step.span,
                hint=f"register an interpreter for {name} (Debian: apt-get install "
                "qemu-user-static binfmt-support), or keep RUN in a stage with "
                "FROM --platform=$BUILDPLATFORM",
            )


def _is_runnable(platform: Platform, host: Platform, registry: Path) -> bool:
    if platform.os != host.os:
        return False
    native = _NATIVE.get(host.architecture, frozenset((host.architecture,)))
    return platform.architecture in native or _has_interpreter(platform, registry)


def _has_interpreter(platform: Platform, registry: Path) -> bool:
    """Whether an enabled entry keeps its interpreter open (flag F): only that works in another root."""
    name = _QEMU.get(platform.architecture, platform.architecture)
    try:
        lines = (registry / f"qemu-{name}").read_text("ascii", "replace").splitlines()
    except OSError:
        return False
    flags = next((line[6:].strip() for line in lines if line.startswith("flags:")), "")
    return "enabled" in lines and "F" in flags
