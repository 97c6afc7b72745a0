"""Owns how a request becomes the compiler's options, and what beside a plan enters its keys.

Builds and questions about builds share it, so that both speak of the same steps. It refuses to plan.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lithify.cache.platform import host_platform, parse_platform
from lithify.compiler import keys
from lithify.compiler.epoch import EPOCH_ARG
from lithify.compiler.plan import BuildOptions
from lithify.errors import UsageError
from lithify.executor.layer import FORM_VERSION
from lithify.executor.normalise.table import NORMALISERS
from lithify.executor.ops.environment import ENVIRONMENT_FORM
from lithify.executor.snapshot.changes import TIMES_FORM

if TYPE_CHECKING:
    from lithify.cache.platform import Platform
    from lithify.compiler.plan import Plan
    from lithify.contexts import Contexts
    from lithify.requests import BuildRequest


def build_options(request: BuildRequest, contexts: Contexts) -> BuildOptions:
    """What a request asks of the compiler. Raises UsageError."""
    host = host_platform(os.uname().machine)
    named = contexts.named
    epoch, build_args = _epoch(request)
    return BuildOptions(
        build_args=build_args,
        target=request.target,
        platforms=tuple(_platform(text, host) for text in request.platforms),
        host=host,
        labels=request.labels,
        network=request.network,
        allow=request.allow,
        no_cache=request.no_cache,
        no_cache_filter=request.no_cache_filter,
        hostname=request.hostname,
        extra_hosts=request.extra_hosts,
        shm_size_bytes=request.shm_size_bytes,
        ulimits=request.ulimits,
        epoch=epoch,
        local_contexts=named.files,
        image_contexts=tuple(named.images.items()),
        target_contexts=tuple(named.targets.items()),
        times=contexts,
    )


def key_surroundings(plan: Plan, *, faithful: bool) -> keys.KeySurroundings:
    """What enters the keys of all steps of a plan."""
    versions = " ".join(f"{one.name}/{one.version}" for one in NORMALISERS)
    return keys.KeySurroundings(
        FORM_VERSION, f"{versions} {ENVIRONMENT_FORM} {TIMES_FORM}", plan.epoch, faithful
    )


def _platform(text: str, host: Platform) -> Platform:
    try:
        return parse_platform(text, host)
    except ValueError as error:
        raise UsageError(f"failed to parse platform: {error}") from error


def _epoch(request: BuildRequest) -> tuple[int | None, tuple[tuple[str, str], ...]]:
    """The epoch in seconds if the request says so; else the build arguments, which may name its source."""
    text = request.source_date_epoch
    if not text:
        return None, request.build_args
    if not text.isdigit():
        return None, (*request.build_args, (EPOCH_ARG, text))
    if int(text) >= 1 << 33:
        raise UsageError(f"invalid {EPOCH_ARG}: {text}")
    return int(text), request.build_args
