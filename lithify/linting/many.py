"""Owns runs over many files: what is known of them already, and the sharing of the rest between processes.

Files are dealt in slices rather than one by one, because what other programs find is asked for once in a slice, and
because a file takes less time than a message. It refuses threads: the work is all computing.
"""

from __future__ import annotations

import gc
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING

from lithify.linting import run
from lithify.linting.remembering import Remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.linting.report import FileReport
    from lithify.linting.run import Judged, LintRequest

#: Fewer are not worth a process; more would hold the trees of too many files at once.
_LEAST_SHARED = 40
_LARGEST_SLICE = 500


def lint_many(paths: Sequence[str], request: LintRequest, jobs: int) -> list[FileReport]:
    """Reports on files, in the order given."""
    with Remembered(request) as remembered:
        known = {path: remembered.report(path) for path in paths}
        asked = [path for path in paths if known[path] is None]
        fresh = dict(zip(asked, _judged(asked, request, jobs), strict=True))
        remembered.keep(fresh)
    return [known[path] or fresh[path].report for path in paths]


def _judged(paths: Sequence[str], request: LintRequest, jobs: int) -> list[Judged]:
    if len(paths) < _LEAST_SHARED:
        return run.judged(paths, request)
    size = min(-(-len(paths) // (jobs * 2)), _LARGEST_SLICE)
    slices = [list(paths[at : at + size]) for at in range(0, len(paths), size)]
    # The children share what is loaded; no thread is running that could hold a lock.
    forking = multiprocessing.get_context("fork")
    gc.freeze()
    try:
        with ProcessPoolExecutor(jobs, mp_context=forking) as pool:
            done = pool.map(_slice, slices, [request] * len(slices))
            return list(chain.from_iterable(done))
    finally:
        gc.unfreeze()


def _slice(paths: Sequence[str], request: LintRequest) -> list[Judged]:
    """A part of the work. Nothing of it is garbage before it is done, so nothing is collected until then."""
    gc.disable()
    try:
        return run.judged(paths, request)
    finally:
        gc.enable()
