"""Cycles, what is reachable, and the edges worth drawing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from lithify.compiler.graph import find_cycle_start, reachable, shown_edges
from lithify.compiler.plan import Plan

PlanOf = Callable[..., Plan]


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({0: [], 1: [0]}, None),
        ({0: [1], 1: []}, None),
        ({0: [0]}, (0, (0, 0))),
        ({0: [], 1: [2], 2: [1]}, (1, (2, 1))),
        ({0: [1], 1: [2], 2: [1]}, (0, (2, 1))),
        ({0: [], 1: [3], 2: [0], 3: [2]}, None),
    ],
)
def test_the_first_stage_that_leads_into_a_cycle_is_found(
    edges: dict[int, list[int]], found: tuple[int, tuple[int, int]] | None
) -> None:
    assert find_cycle_start(edges) == found


@pytest.mark.parametrize(
    ("edges", "start", "found"),
    [
        ({0: [], 1: [0], 2: []}, 1, {0, 1}),
        ({0: [], 1: [0], 2: [1], 3: [0]}, 2, {0, 1, 2}),
        ({0: [2], 1: [], 2: [1]}, 0, {0, 1, 2}),
        ({0: []}, 0, {0}),
    ],
)
def test_what_a_stage_needs_is_found(
    edges: dict[int, list[int]], start: int, found: set[int]
) -> None:
    assert reachable(edges, start) == found


def test_edges_that_a_longer_path_implies_are_not_drawn(plan_of: PlanOf) -> None:
    text = "FROM plain AS a\nRUN x\nFROM plain AS b\nCOPY --from=a /1 /2\nRUN --mount=from=a,target=/a y\n"
    plan = plan_of(text)
    assert plan.steps[3].inputs == (1, 2)
    assert shown_edges(plan) == ((0, 1), (1, 2), (2, 3))


def test_an_ordinary_file_is_planned_without_networkx() -> None:
    script = """
import sys
from lithify.cache.platform import Platform
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import SourceText
from lithify.grammar.parser import parse
text = "FROM scratch AS a\\nCOPY a /\\nFROM scratch\\nCOPY --from=a /a /b\\n"
options = BuildOptions(host=Platform("linux", "amd64"))
assert len(make_plan(parse(SourceText("Dockerfile", text)), options, None).steps) == 2
assert "networkx" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
