"""Owns the order of work: which step may start, what its failure means for the others.

Steps run as soon as all of their inputs are done, at most `jobs` at a time, on threads: the waits are on processes
and files. The first failure stops everything else. It refuses to know what a step does.
"""

from __future__ import annotations

import enum
import queue
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from lithify.errors import Cancelled
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lithify.executor.cancel import Cancellation

Result = TypeVar("Result")


class State(enum.Enum):
    """WAITING -> READY -> RUNNING -> DONE; a failure leaves the rest where they are."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class _Finished(Generic[Result]):
    index: int
    result: Result | None
    error: BaseException | None


def run_all(
    inputs: Sequence[tuple[int, ...]],
    work: Callable[[int, Mapping[int, Result]], Result],
    *,
    jobs: int,
    cancellation: Cancellation,
    last_first: bool = False,
) -> list[Result]:
    """Do `work(index, results of its inputs)` for every index, in an order that respects `inputs`.

    `inputs[i]` are the indices that i needs, all smaller than i. Of steps that are ready
    the first starts first, or the last with `last_first`: no result may depend on it. Raises the first error that a step raised, after
    every running step has ended; a Cancelled gives way to the error that caused it."""
    return _Run(inputs, work, jobs, cancellation, last_first).run()


class _Run(Generic[Result]):
    def __init__(
        self,
        inputs: Sequence[tuple[int, ...]],
        work: Callable[[int, Mapping[int, Result]], Result],
        jobs: int,
        cancellation: Cancellation,
        last_first: bool,
    ) -> None:
        self._inputs = inputs
        self._work = work
        self._jobs = max(1, jobs)
        self._cancellation = cancellation
        self._last_first = last_first
        self._states = [State.WAITING if one else State.READY for one in inputs]
        self._missing = [len(one) for one in inputs]
        self._users: list[list[int]] = [[] for _ in inputs]
        for index, needed in enumerate(inputs):
            for one in needed:
                self._users[one].append(index)
        self._results: dict[int, Result] = {}
        self._finished: queue.SimpleQueue[_Finished[Result]] = queue.SimpleQueue()
        self._error: BaseException | None = None

    def run(self) -> list[Result]:
        running = 0
        while True:
            if self._error is None and not self._cancellation.is_raised:
                running += self._start_ready(self._jobs - running)
            if not running:
                break
            running -= 1
            self._finish(self._finished.get())
        if self._error is not None:
            raise self._error
        self._cancellation.check()
        return [self._results[index] for index in range(len(self._inputs))]

    def _start_ready(self, most: int) -> int:
        ready = [i for i, state in enumerate(self._states) if state is State.READY]
        if self._last_first:
            ready.reverse()
        started = ready[:most]
        for index in started:
            self._states[index] = State.RUNNING
            needed = {one: self._results[one] for one in self._inputs[index]}
            threading.Thread(
                target=self._do, args=(index, needed), name=f"step-{index}", daemon=True
            ).start()
        return len(started)

    def _do(self, index: int, needed: Mapping[int, Result]) -> None:
        try:
            self._finished.put(_Finished(index, self._work(index, needed), None))
        except BaseException as error:  # noqa: BLE001 - handed to the waiting thread
            self._finished.put(_Finished(index, None, error))

    def _finish(self, finished: _Finished[Result]) -> None:
        if finished.error is not None:
            if self._error is None or isinstance(self._error, Cancelled):
                self._error = finished.error
            self._cancellation.cancel()
            return
        assert finished.result is not None
        self._states[finished.index] = State.DONE
        self._results[finished.index] = finished.result
        for user in self._users[finished.index]:
            self._missing[user] -= 1
            if not self._missing[user]:
                self._states[user] = State.READY
