"""Owns the head start of a build that will run processes: what RUN steps wait for begins while the planner is loaded.

A Dockerfile with a RUN in it that is not unchanged most often runs one. It refuses to be right: the processes that it
starts cost nothing but time on another processor if every step turns out to be cached.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from lithify.errors import LithifyError

if TYPE_CHECKING:
    from lithify.executor.services import LazySandbox
    from lithify.requests import BuildRequest

_RUN = re.compile(rb"^[ \t]*RUN[ \t]", re.IGNORECASE | re.MULTILINE)
_MOST_BYTES = 1024 * 1024


def warm(request: BuildRequest, sandbox: LazySandbox) -> None:
    """Start the sandbox's companions if the Dockerfile is at hand and runs something; never fails."""
    if len(os.sched_getaffinity(0)) == 1 or request.dockerfile == "-":
        return
    path = request.dockerfile or os.path.join(request.context, "Dockerfile")
    with suppress(OSError, ValueError, LithifyError):
        with open(path, "rb") as source:
            text = source.read(_MOST_BYTES)
        if _RUN.search(text):
            sandbox.get().prepare(network=True)
