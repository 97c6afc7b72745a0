"""Owns the drawing of stages: boxes with their steps, in columns by how much stands before them, as inline SVG.

A layered layout in three moves: columns by longest path, a place in its column near what a box is joined to, curves
through the gaps that long edges keep open. It refuses scripts and fonts: positions are computed from counts of letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lithify.cli.analysis_words import duration, platform_label
from lithify.cli.markup import Html, element, joined
from lithify.cli.table import shorten
from lithify.cli.text import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.analysing.model import FileAnalysis, StageView

_WIDTH = 330
_ROW = 22
_HEAD = 30
_GAP_X = 40
_GAP_Y = 26
_LANE = 10
_MARGIN = 10
_LETTERS = 36
_MOST_ROWS = 40
_SWEEPS = 4


@dataclass(slots=True)
class _Box:
    """A stage (its place in the list), or None for a gap that a long edge passes."""

    stage: int | None
    height: int
    y: float = 0.0

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def render_graph(file: FileAnalysis) -> Html:
    """The stages of a file and who needs whom. Steps carry the class `s` and their number, `sN`."""
    heights = [_HEAD + _ROW * min(len(one.steps), _MOST_ROWS + 1) + 8 for one in file.stages]
    depths = depths_of([one.needs for one in file.stages])
    columns, paths = _placed(file.stages, depths, heights)
    _stack(columns, paths)
    width = 2 * _MARGIN + len(columns) * (_WIDTH + _GAP_X) - _GAP_X
    bottom = (box.y + box.height for column in columns for box in column)
    height = max(bottom, default=0.0) + _MARGIN
    edges = joined(_edge(path, first) for path, first in paths)
    boxes = joined(
        _stage(file, box.stage, _left(at), box)
        for at, column in enumerate(columns)
        for box in column
        if box.stage is not None
    )
    title = element("title", f"{len(file.stages)} stages and what they need from each other")
    return element(
        "svg",
        title,
        edges,
        boxes,
        class_="graph",
        role="img",
        viewBox=f"0 0 {width} {height:.0f}",
        width=width,
        height=f"{height:.0f}",
    )


def depths_of(needs: Sequence[Sequence[int]]) -> list[int]:
    """For each node, the length of the longest path to it; edges back (there are none in a plan) do not count."""
    depths = [0] * len(needs)
    for _ in needs:
        fresh = [1 + max((depths[one] for one in own), default=-1) for own in needs]
        if fresh == depths:
            break
        depths = fresh
    return depths


_Path = tuple[list[_Box], int]


def _placed(
    stages: Sequence[StageView], depths: Sequence[int], heights: Sequence[int]
) -> tuple[list[list[_Box]], list[_Path]]:
    """Boxes and gaps by column, and for each edge what it passes, with the column it starts in."""
    columns: list[list[_Box]] = [[] for _ in range(max(depths, default=0) + 1)]
    boxes = [_Box(at, height) for at, height in enumerate(heights)]
    for box, depth in zip(boxes, depths, strict=True):
        columns[depth].append(box)
    paths: list[_Path] = []
    for at, stage in enumerate(stages):
        for needed in stage.needs:
            gaps = [_Box(None, _LANE) for _ in range(depths[needed] + 1, depths[at])]
            for column, gap in enumerate(gaps, depths[needed] + 1):
                columns[column].append(gap)
            paths.append(([boxes[needed], *gaps, boxes[at]], depths[needed]))
    return columns, paths


def _stack(columns: Sequence[list[_Box]], paths: Sequence[_Path]) -> None:
    """Give every box a height on the page, near the middle of what it is joined to."""
    beside: dict[int, list[_Box]] = {}
    for path, _ in paths:
        for one, other in pairwise(path):
            beside.setdefault(id(one), []).append(other)
            beside.setdefault(id(other), []).append(one)
    for column in columns:
        _settle(column)
    for sweep in range(_SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wished = {
                id(box): sum(one.middle for one in near) / len(near)
                for box in column
                if (near := beside.get(id(box)))
            }
            column.sort(key=lambda box: wished.get(id(box), box.middle))
            _settle(column)


def _settle(column: Sequence[_Box]) -> None:
    y = float(_MARGIN)
    for box in column:
        box.y = y
        y += box.height + _GAP_Y


def _left(column: int) -> int:
    return _MARGIN + column * (_WIDTH + _GAP_X)


def _edge(path: Sequence[_Box], first: int) -> Html:
    """One curve from the right of the first box to the left of the last, straight through gaps."""
    at = _left(first) + _WIDTH
    parts = [f"M{at} {path[0].middle:.0f}"]
    for number, box in enumerate(path[1:], first + 1):
        left, half = _left(number), _GAP_X // 2
        before = path[number - first - 1].middle
        parts.append(
            f"C{left - half} {before:.0f} {left - half} {box.middle:.0f} {left} {box.middle:.0f}"
        )
        if box.stage is None:
            parts.append(f"H{left + _WIDTH}")
    return element("path", class_="edge", d=" ".join(parts))


def _stage(file: FileAnalysis, index: int, x: int, box: _Box) -> Html:
    stage = file.stages[index]
    has_several = len({one.platform for one in file.stages}) > 1
    label = platform_label(stage.name, stage.platform, has_several)
    frame = element(
        "rect", class_="box", x=x, y=f"{box.y:.0f}", width=_WIDTH, height=box.height, rx=6
    )
    name = shorten(clean_line(label), _LETTERS)
    head = element("text", name, class_="name", x=x + 10, y=f"{box.y + 20:.0f}")
    return element("g", frame, head, *_rows(file, stage, x, box.y + _HEAD), class_="stage")


def _rows(file: FileAnalysis, stage: StageView, x: int, y: float) -> Iterator[Html]:
    for number in stage.steps[:_MOST_ROWS]:
        step = file.steps[number - 1]
        seconds = "" if step.seconds is None else duration(step.seconds)
        line = f"{y + 15:.0f}"
        yield element(
            "g",
            element("title", f"{number}. {clean_line(step.name)}"),
            element("rect", x=x + 4, y=f"{y:.0f}", width=_WIDTH - 8, height=_ROW - 2, rx=3),
            element("text", "↻", class_="mark", x=x + 8, y=line),
            element("text", f"{number}", class_="number", x=x + 42, y=line, text_anchor="end"),
            element("text", shorten(clean_line(step.text), _LETTERS - 4), x=x + 50, y=line),
            element("text", seconds, class_="time", x=x + _WIDTH - 10, y=line, text_anchor="end"),
            class_=f"s s{number}",
        )
        y += _ROW
    if len(stage.steps) > _MOST_ROWS:
        rest = f"… and {len(stage.steps) - _MOST_ROWS} more"
        yield element("text", rest, class_="number", x=x + 50, y=f"{y + 15:.0f}")
