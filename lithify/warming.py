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

_RUN = re.compile(rb"^[ \t]*RUN[ \t]", re.IGNORECASE | re.MULTILINE)


def warm(dockerfile: bytes | None, sandbox: LazySandbox) -> None:
    """Start the sandbox's companions if the Dockerfile is at hand and runs something; never fails."""
    if dockerfile is None or len(os.sched_getaffinity(0)) == 1 or not _RUN.search(dockerfile):
        return
    with suppress(LithifyError):
        sandbox.get().prepare(network=True)
