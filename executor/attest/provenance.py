"""Owns the provenance of an image: from what and how it was built, in SLSA's form.

It says nothing that differs between two builds of the same: no times and no number of the build unless asked for
(`times=true`). Values of secrets and proxies never enter, build arguments and labels only with mode=max.

Specification: SLSA provenance v1; section 7.7.
"""

from __future__ import annotations

import base64
import hashlib
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lithify import __version__
from lithify.compiler.plan import RunOp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.cache.digest import Digest
    from lithify.compiler.plan import Step
    from lithify.executor.attest.materials import Material

BUILD_TYPE = "urn:lithify:dockerfile-build:v1"
_BUILDER = "urn:lithify:builder"
_FRONTEND = "dockerfile.v0"


@dataclass(frozen=True, slots=True)
class Mode:
    """Which provenance: everything (`is_max`), times, and what the user says of builder and reproducibility."""

    is_max: bool = False
    builder_id: str = ""
    has_times: bool = False
    is_reproducible: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the build was asked for: nothing in it is secret.

    `args` are safe options by BuildKit's names, `private_args` build arguments and labels; `source` is the remote
    context, if it is one."""

    dockerfile_name: str
    dockerfile: bytes
    args: tuple[tuple[str, str], ...]
    private_args: tuple[tuple[str, str], ...]
    secrets: tuple[str, ...]
    agents: tuple[str, ...]
    locals: tuple[str, ...]
    source: Material | None
    platform: str
    epoch_s: int | None
    form: str
    times: tuple[str, str]


def make_provenance(
    mode: Mode,
    invocation: Invocation,
    steps: Sequence[Step],
    materials: Sequence[Material],
    layers: Sequence[Digest],
) -> dict[str, Any]:
    """The predicate."""
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "configSource": _config_source(invocation),
                "request": _request(mode, invocation),
            },
            "internalParameters": _internal(mode, invocation, steps),
            "resolvedDependencies": [one.to_json() for one in materials],
        },
        "runDetails": {
            "builder": {"id": mode.builder_id or _BUILDER, "version": {"lithify": __version__}},
            "metadata": _metadata(mode, invocation, steps, layers),
        },
    }


def _config_source(invocation: Invocation) -> dict[str, Any]:
    found: dict[str, Any] = {"path": posixpath.basename(invocation.dockerfile_name)}
    if invocation.source is not None:
        return {**invocation.source.to_json(), **found}
    return {**found, "digest": {"sha256": hashlib.sha256(invocation.dockerfile).hexdigest()}}


def _request(mode: Mode, invocation: Invocation) -> dict[str, Any]:
    args = dict(invocation.args)
    out: dict[str, Any] = {"frontend": _FRONTEND}
    if mode.is_max:
        args |= dict(invocation.private_args)
        out["secrets"] = [{"id": one, "optional": True} for one in sorted(invocation.secrets)]
        out["ssh"] = [{"id": one, "optional": True} for one in sorted(invocation.agents)]
    if args:
        out["args"] = dict(sorted(args.items()))
    out["locals"] = [{"name": one} for one in invocation.locals]
    return {key: value for key, value in out.items() if value}


def _internal(mode: Mode, invocation: Invocation, steps: Sequence[Step]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "builderPlatform": invocation.platform,
        "dockerfileDigest": {"sha256": hashlib.sha256(invocation.dockerfile).hexdigest()},
        "form": invocation.form,
    }
    if invocation.epoch_s is not None:
        out["sourceDateEpoch"] = invocation.epoch_s
    if mode.is_max:
        out["buildConfig"] = {"steps": [_step(one) for one in steps]}
    return out


def _step(step: Step) -> dict[str, Any]:
    """Inputs are the numbers of earlier steps; the line is that of the Dockerfile, from 1."""
    out: dict[str, Any] = {
        "id": step.index,
        "name": step.name,
        "kind": type(step.op).__name__.removesuffix("Op").lower(),
        "inputs": list(step.inputs),
        "platform": str(step.platform),
        "line": step.span.line,
    }
    if isinstance(step.op, RunOp):
        out["network"] = step.op.network
    return out


def _metadata(
    mode: Mode, invocation: Invocation, steps: Sequence[Step], layers: Sequence[Digest]
) -> dict[str, Any]:
    is_hermetic = not any(isinstance(one.op, RunOp) and one.op.network != "none" for one in steps)
    out: dict[str, Any] = {}
    if mode.has_times:
        out["startedOn"], out["finishedOn"] = invocation.times
    out["lithify_hermetic"] = is_hermetic
    out["lithify_completeness"] = {"request": mode.is_max, "resolvedDependencies": is_hermetic}
    out["lithify_reproducible"] = mode.is_reproducible
    if mode.is_max:
        out["lithify_layers"] = [str(one) for one in layers]
        out["lithify_source"] = {
            "filename": posixpath.basename(invocation.dockerfile_name),
            "language": "Dockerfile",
            "data": base64.b64encode(invocation.dockerfile).decode(),
        }
    return out
