"""Owns the choice of what is made different in the second build of a proof: environment, context, order, process.

Each is something that builders have leaked into images. What says where settings, credentials and proxies are stays, for
it is how a build reaches its inputs. It refuses to change inputs: content, build arguments, secrets, the epoch.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lithify.contexts import parse_contexts, remote_source
from lithify.errors import BuildError
from lithify.executor.perturb.context import clone_context
from lithify.executor.perturb.process import Applied, Disturbance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lithify.requests import BuildRequest

DISTURBANCE = Disturbance(
    host_name="another-host-name", uptime_s=400 * 86400, umask=0o077, processors=1
)
#: The second context's files are stamped from here on (2030-03-17), the first's are as they are.
_TIME_S = 1_900_000_000
_OWNER = 54321
#: A folder of the second store: longer than the first, with what shell scripts stumble over.
STORE_NAME = "another place, with ü in it/store"
#: Variables that tools read, with values that would show in what they make.
_VARIABLES = (
    ("TZ", "ELSEWHERE-13:45"),
    ("LANG", "tr_TR.UTF-8"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("LANGUAGE", "tr"),
    ("USER", "somebody-else"),
    ("LOGNAME", "somebody-else"),
    ("HOSTNAME", "another-host-name"),
    ("EDITOR", "/bin/false"),
    ("COLUMNS", "43"),
    ("LINES", "17"),
    ("CFLAGS", "-O0 -g3"),
    ("MAKEFLAGS", "-j7"),
    ("GZIP", "-1"),
    ("TAR_OPTIONS", "--format=gnu"),
    ("POSIXLY_CORRECT", "1"),
    ("PYTHONHASHSEED", "4711"),
    ("SOME_UNKNOWN_VARIABLE", "of another host"),
)


def perturbed_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the second build's process."""
    return {**environ, **dict(_VARIABLES)}


def perturbed_request(
    request: BuildRequest, folder: Path, check: Callable[[], None]
) -> tuple[BuildRequest, tuple[Applied, ...]]:
    """The same request over copies of its contexts in `folder`, one step at a time, the last first.

    `check` is called between files and may raise. Raises BuildError when a context cannot be copied."""
    owner = _OWNER if os.geteuid() == 0 else None
    context, contexts = request.context, dict(request.build_contexts)
    local = parse_contexts(request.build_contexts).directories
    try:
        if remote_source(context) is None:
            context = str(folder / "context")
            clone_context(
                Path(request.context), Path(context), time_s=_TIME_S, owner=owner, check=check
            )
        for number, (name, path) in enumerate(local.items()):
            contexts[name] = str(folder / f"context-{number}")
            clone_context(
                Path(path), Path(contexts[name]), time_s=_TIME_S, owner=owner, check=check
            )
    except OSError as error:
        place = error.filename or request.context
        raise BuildError(f"cannot copy the context: {place}: {error.strerror}") from error
    changed = replace(
        request,
        context=context,
        build_contexts=tuple(contexts.items()),
        jobs=1,
        last_first=True,
    )
    return changed, _told(request, is_copied=context != request.context, owner=owner)


def _told(request: BuildRequest, *, is_copied: bool, owner: int | None) -> tuple[Applied, ...]:
    remote = "" if is_copied else "the context is fetched, not copied"
    why_same_owner = remote or ("" if owner is not None else "needs root")
    return (
        Applied("store", STORE_NAME),
        Applied("environment", ", ".join(name for name, _ in _VARIABLES)),
        Applied("steps", "one at a time, the last that is ready first"),
        Applied("order of the context's files", "reversed", remote),
        Applied("times of the context's files", "2030", remote),
        Applied("owner of the context's files", str(_OWNER), why_same_owner),
    )
