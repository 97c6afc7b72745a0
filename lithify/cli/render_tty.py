"""Owns the live face: all steps with their state, the running ones with the end of their output.

Events only change a small state; a thread draws it at most twelve times a second, so a chatty step costs no more than a
silent one. When the build ends, a static summary stays on the screen. It refuses to draw wider or higher than the
terminal.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from lithify.cli.render_plain import summary_line, warning_lines
from lithify.cli.table import human_size
from lithify.cli.text import LineBuffer, clean_line
from lithify.errors import Cancelled
from lithify.executor.events import (
    BuildFinished,
    Notice,
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    PlanReady,
    StepCached,
    StepErred,
    StepFinished,
    StepNote,
    StepOutput,
    StepStarted,
    Warned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.errors import LithifyError
    from lithify.executor.events import Event
    from lithify.requests import BuildResult

FRAMES_PER_SECOND = 12
OUTPUT_LINES = 6

#: State -> (glyph, glyph where only ASCII can be shown, style).
_LOOKS = {
    "waiting": ("·", ".", "dim"),
    "running": ("▸", ">", "bold yellow"),
    "cached": ("●", "=", "cyan"),
    "done": ("✔", "+", "green"),
    "failed": ("✘", "x", "bold red"),
    "canceled": ("○", "-", "dim"),
}


@dataclass(slots=True)
class _Row:
    """One step or phase as it is shown now."""

    title: str
    state: str = "waiting"
    started: float = 0.0
    seconds: float = 0.0
    sizes: str = ""
    buffers: dict[str, LineBuffer] = field(default_factory=dict)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=OUTPUT_LINES))
    notes: list[str] = field(default_factory=list)


def terminal(stream: TextIO) -> Console:
    """The console of a stream; colours follow NO_COLOR and the terminal."""
    return Console(file=stream, highlight=False, markup=False, emoji=False)


class TtyFace:
    """A live view on a console. `clock` gives seconds; only differences matter."""

    def __init__(
        self,
        console: Console,
        *,
        explain: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._explain = explain
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[int | str, _Row] = {}
        self._notices: list[str] = []
        self._warnings: list[Warned] = []
        self._began = clock()
        self._is_ascii = not (console.encoding or "").lower().startswith("utf")
        self._live = Live(
            get_renderable=self.frame,
            console=console,
            refresh_per_second=FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Replace the live view by the static one; idempotent."""
        if not self._live.is_started:
            return
        self._live.transient = True
        self._live.stop()
        self._console.print(self.summary())

    def show(self, event: Event) -> None:
        """Change the state; drawing happens elsewhere."""
        with self._lock:
            match event:
                case PlanReady(steps):
                    for step in steps:
                        self._rows.setdefault(step.index, _Row(clean_line(step.name)))
                case PhaseStarted(name):
                    row = self._row(name)
                    row.state, row.started = "running", self._clock()
                case PhaseProgress(name, done, total):
                    self._row(name).sizes = f"{human_size(done)} / {human_size(total)}"
                case PhaseFinished(name, seconds, detail):
                    row = self._row(name)
                    row.state, row.seconds = "done", seconds
                    if detail:
                        row.notes.append(clean_line(detail))
                case Notice(text):
                    self._notices.append(clean_line(text))
                case Warned():
                    self._warnings.append(event)
                case BuildFinished():
                    pass  # the result says the same and more
                case _:
                    self._show_step(event)

    def failed(self, error: LithifyError) -> bool:
        """The error is shown below the summary, by the one who shows all errors."""
        return False

    def finished(self, result: BuildResult) -> None:
        """End with a line that says what was made."""
        self.__exit__()
        shown = [clean_line(one.text) for one in self._warnings]
        for warning in result.warnings:
            if clean_line(warning) not in (*self._notices, *shown):
                self._console.print(Text(f"note: {clean_line(warning)}", style="yellow"))
        self._console.print(Text(summary_line(result), style="bold"), soft_wrap=True)

    def frame(self) -> Group:
        """What the terminal shows now: it fits, and running steps come before others."""
        with self._lock:
            lines = max(self._console.height - 2, 1)
            active = [row for row in self._rows.values() if row.state in ("running", "failed")]
            each = min(OUTPUT_LINES, max(0, (lines - len(active)) // max(len(active), 1) - 1))
            tails = sum(min(each, len(row.tail)) for row in active)
            shown = self._fitting(lines - tails)
            parts = [self._headline()]
            for row in shown:
                parts.append(self._line(row))
                if row.state == "running" and each:
                    parts += [self._tail_line(text) for text in list(row.tail)[-each:]]
            return Group(*parts[: lines + 1])

    def summary(self) -> Group:
        """Every step that came to anything, for the screen's history."""
        with self._lock:
            parts = []
            for row in self._rows.values():
                if row.state == "waiting":
                    continue
                if row.state == "running":
                    row.state, row.seconds = "canceled", self._clock() - row.started
                parts.append(self._line(row))
                parts += [self._tail_line(note) for note in row.notes]
            parts += [Text(f"note: {notice}", style="yellow") for notice in self._notices]
            parts += [Text(line, style="yellow") for line in warning_lines(self._warnings)]
            return Group(*parts)

    def _show_step(
        self, event: StepStarted | StepCached | StepOutput | StepNote | StepFinished | StepErred
    ) -> None:
        row = self._row(event.index)
        match event:
            case StepStarted():
                row.state, row.started = "running", self._clock()
            case StepCached():
                row.state = "cached"
            case StepOutput(_, stream, data):
                buffer = row.buffers.setdefault(stream, LineBuffer())
                row.tail.extend(line.expandtabs() for line in buffer.feed(data))
            case StepNote(_, text):
                row.notes.append(clean_line(text))
            case StepFinished(_, seconds, reason, is_rerun):
                row.state, row.seconds = "done", seconds
                if reason and (self._explain or is_rerun):
                    row.notes.append(
                        f"{'reran' if is_rerun else 'not cached'}: {clean_line(reason)}"
                    )
            case StepErred(_, seconds, error):
                row.state = "canceled" if isinstance(error, Cancelled) else "failed"
                row.seconds = seconds

    def _row(self, key: int | str) -> _Row:
        title = f"step {key}" if isinstance(key, int) else clean_line(key)
        return self._rows.setdefault(key, _Row(title))

    def _fitting(self, lines: int) -> list[_Row]:
        """The rows to show when not all fit: running and failed ones, then the latest ended."""
        rows = list(self._rows.values())
        if len(rows) <= lines:
            return rows
        rank = {"running": 0, "failed": 0, "done": 1, "cached": 1, "canceled": 1, "waiting": 2}
        latest = range(len(rows) - 1, -1, -1)
        nearest = [at if rows[at].state == "waiting" else -at for at in range(len(rows))]
        order = sorted(latest, key=lambda at: (rank[rows[at].state], nearest[at]))
        return [rows[at] for at in sorted(order[: max(lines, 0)])]

    def _headline(self) -> Text:
        states = [row.state for key, row in self._rows.items() if isinstance(key, int)]
        ended = sum(state in ("done", "cached") for state in states)
        cached = states.count("cached")
        elapsed = self._clock() - self._began
        text = f"building {ended}/{len(states)} steps, {cached} cached, {elapsed:.1f}s"
        return self._fit(Text(text, style="bold"), self._console.width)

    def _line(self, row: _Row) -> Text:
        glyph, ascii_glyph, style = _LOOKS[row.state]
        seconds = self._clock() - row.started if row.state == "running" else row.seconds
        right = {"waiting": "", "cached": "cached"}.get(row.state, f"{seconds:.1f}s")
        line = Text().append(f"{ascii_glyph if self._is_ascii else glyph} ", style=style)
        line.append(row.title, style="dim" if row.state in ("waiting", "canceled") else "")
        if row.sizes:
            line.append(f"  {row.sizes}", style="dim")
        line = self._fit(line, self._console.width - len(right) - 1)
        if right:
            line.pad_right(self._console.width - len(right) - line.cell_len)
            line.append(right, style="dim")
        return line

    def _tail_line(self, text: str) -> Text:
        bar = "|" if self._is_ascii else "│"
        return self._fit(Text(f"  {bar} {text}", style="dim"), self._console.width)

    def _fit(self, text: Text, width: int) -> Text:
        text.no_wrap = True
        text.truncate(width, overflow="crop" if self._is_ascii else "ellipsis")
        return text
