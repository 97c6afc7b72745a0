"""The scheduler on fakes: what starts when, and what a failure does to the rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.errors import BuildError, Cancelled
from lithify.executor.cancel import Cancellation
from lithify.executor.scheduler import run_all

if TYPE_CHECKING:
    from collections.abc import Mapping


@given(st.data())
def test_every_step_runs_once_and_after_its_inputs(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 12))
    inputs = [
        tuple(sorted(data.draw(st.sets(st.integers(0, i - 1), max_size=3)))) if i else ()
        for i in range(count)
    ]
    order: list[int] = []
    lock = threading.Lock()

    def work(index: int, results: Mapping[int, str]) -> str:
        assert set(results) == set(inputs[index])
        with lock:
            assert set(inputs[index]) <= set(order)
            order.append(index)
        return f"result {index}"

    results = run_all(inputs, work, jobs=data.draw(st.integers(1, 4)), cancellation=Cancellation())
    assert results == [f"result {i}" for i in range(count)]
    assert sorted(order) == list(range(count))


def test_independent_steps_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=30)

    def work(index: int, _: Mapping[int, int]) -> int:
        return meeting.wait() * 0 + index

    assert run_all([(), (), ()], work, jobs=3, cancellation=Cancellation()) == [0, 1, 2]


def test_no_more_than_the_allowed_number_run_at_a_time() -> None:
    running = 0
    most = 0
    lock = threading.Lock()

    def work(index: int, _: Mapping[int, int]) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        with lock:
            running -= 1
        return index

    run_all([()] * 20, work, jobs=2, cancellation=Cancellation())
    assert most <= 2


def test_a_failure_stops_what_has_not_started() -> None:
    ran: list[int] = []

    def work(index: int, _: Mapping[int, int]) -> int:
        ran.append(index)
        if index == 0:
            raise BuildError("no")
        return index

    with pytest.raises(BuildError, match="no"):
        run_all([(), (0,), (1,)], work, jobs=2, cancellation=Cancellation())
    assert ran == [0]


def test_a_failure_cancels_what_is_running_and_is_the_error_reported() -> None:
    cancellation = Cancellation()
    stopped = threading.Event()
    started = threading.Event()

    def work(index: int, _: Mapping[int, int]) -> int:
        if index == 0:
            with cancellation.calling(stopped.set):
                started.set()
                assert stopped.wait(30)
            cancellation.check()
        assert started.wait(30)
        raise BuildError("the cause")

    with pytest.raises(BuildError, match="the cause"):
        run_all([(), ()], work, jobs=2, cancellation=cancellation)


def test_a_cancelled_build_starts_nothing() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        run_all([()], lambda index, _: index, jobs=1, cancellation=cancellation)


def test_a_callback_registered_too_late_is_called_at_once() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    called = []
    with cancellation.calling(lambda: called.append(1)):
        assert called == [1]


def test_a_callback_is_forgotten_after_its_block() -> None:
    cancellation = Cancellation()
    called = []
    with cancellation.calling(lambda: called.append(1)):
        pass
    cancellation.cancel()
    assert called == []


def test_steps_that_are_ready_start_in_the_order_of_the_plan_or_against_it() -> None:
    def order(*, last_first: bool) -> list[int]:
        started: list[int] = []

        def work(index: int, _: Mapping[int, int]) -> int:
            started.append(index)
            return index

        inputs = [(), (), (0,), (1,)]
        run_all(inputs, work, jobs=1, cancellation=Cancellation(), last_first=last_first)
        return started

    assert order(last_first=False) == [0, 1, 2, 3]
    assert order(last_first=True) == [1, 3, 0, 2]
