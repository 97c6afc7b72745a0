"""Owns the sharing of many files between processes.

Files are dealt in slices rather than one by one, because what other programs find is asked for once in a slice, and
because a file takes less time than a message. It refuses threads: the work is all computing.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING

from lithify.linting import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.report import FileReport
    from lithify.linting.run import LintRequest


def shared(paths: Sequence[str], request: LintRequest, jobs: int) -> list[FileReport]:
    """Reports on files, in the order given."""
    size = -(-len(paths) // (jobs * 2))
    slices = [list(paths[at : at + size]) for at in range(0, len(paths), size)]
    # The children share what is loaded; no thread is running that could hold a lock.
    forking = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=forking) as pool:
        done = pool.map(run.lint_here, slices, [request] * len(slices))
        return list(chain.from_iterable(done))
