"""The table of steps: equal steps are one, and what nothing needs goes."""

from __future__ import annotations

from lithify.cache.platform import Platform
from lithify.compiler.plan import WorkdirOp
from lithify.compiler.steps import StepLabel, StepTable
from lithify.errors import SourceText, Span

_AMD64 = Platform("linux", "amd64")
_SPAN = Span(SourceText("Dockerfile", "x"), 0, 1)


def _table(*paths: str) -> StepTable:
    table = StepTable()
    parent = None
    for path in paths:
        label = StepLabel(f"WORKDIR {path}", "stage-0", _SPAN)
        parent = table.add(WorkdirOp(path), parent, _AMD64, label)
    return table


def test_steps_that_are_all_needed_stay_as_they_are() -> None:
    table = _table("/a", "/b", "/c")
    steps, numbers = table.pruned([2])
    assert all(new is old for new, old in zip(steps, table.steps, strict=True))
    assert numbers == {0: 0, 1: 1, 2: 2}


def test_what_nothing_needs_goes_and_the_others_are_renumbered() -> None:
    table = _table("/a", "/b")
    alone = table.add(WorkdirOp("/c"), None, _AMD64, StepLabel("WORKDIR /c", "stage-0", _SPAN))
    steps, numbers = table.pruned([alone])
    assert [(step.index, step.op) for step in steps] == [(0, WorkdirOp("/c"))]
    assert numbers == {2: 0}
