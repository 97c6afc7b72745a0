"""Owns that every build leaves an account of itself, whichever way it ends.

The account is what `lithify why` shows, and what the next build's reasons compare with. It refuses to fail a build.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lithify.cache.history import Project
from lithify.errors import LithifyError
from lithify.outputs import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lithify.executor.explaining import Explainer
    from lithify.executor.inputs import BuildInputs
    from lithify.requests import BuildRequest, BuildResult


def project_of(request: BuildRequest, inputs: BuildInputs | None) -> Project:
    """What makes this build and an earlier one attempts at the same thing."""
    is_here = os.path.isdir(request.context)
    context = os.path.abspath(request.context) if is_here else request.context
    dockerfile = request.dockerfile or (inputs.name if inputs is not None else "")
    if request.dockerfile not in ("", "-") and os.path.isfile(request.dockerfile):
        dockerfile = os.path.abspath(request.dockerfile)
    return Project(context, dockerfile, request.target, names_of(request))


@contextmanager
def recorded(explainer: Explainer) -> Iterator[Callable[[BuildResult], None]]:
    """Record the build that the block is; it passes its result to what it is given."""
    started = time.monotonic()
    digest = error = ""

    def finish(result: BuildResult) -> None:
        nonlocal digest
        digest = result.digest

    try:
        yield finish
    except LithifyError as failure:
        error = failure.message
        raise
    finally:
        explainer.remember(digest, time.monotonic() - started, error)
