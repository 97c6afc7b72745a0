"""Owns the plain face: events as the lines of a log, each step numbered, every line whole.

A log is read after the fact and by grep, so each line says which step it belongs to, and lines of parallel steps
never share a row. It refuses colours and cursor movement.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TextIO, assert_never

from lithify.cli.table import human_size
from lithify.cli.text import LineBuffer, clean, clean_line
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
    from collections.abc import Callable, Sequence

    from lithify.errors import LithifyError
    from lithify.executor.events import Event
    from lithify.requests import BuildResult

    StepEvent = StepStarted | StepCached | StepOutput | StepNote | StepFinished | StepErred


#: The block that notices form; not the name of any phase.
_NOTICES = ""
_PROGRESS_EVERY_S = 5.0


def warning_lines(warnings: Sequence[Warned]) -> list[str]:
    """What the checks of a build found, for its end; nothing if they found nothing."""
    if not warnings:
        return []
    count = f"{len(warnings)} warning{'' if len(warnings) == 1 else 's'} found"
    return [
        f" {count} (use --check to expand):",
        *(f" - {clean_line(one.text)}" for one in warnings),
    ]


def summary_line(result: BuildResult) -> str:
    """What a build made, in one line."""
    names = ", ".join(result.names)
    what = " ".join(part for part in (names, result.digest) if part) or "nothing"
    steps = f"{result.steps} step{'' if result.steps == 1 else 's'}, {result.cached} cached"
    return clean_line(f"built {what} ({steps}, {result.seconds:.1f}s)")


class PlainFace:
    """A log. `clock` gives seconds; only differences matter."""

    def __init__(
        self, stream: TextIO, *, explain: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._explain = explain
        self._clock = clock
        self._titles: dict[int, str] = {}
        self._numbers: dict[int | str, int] = {}
        self._started: dict[int, float] = {}
        self._buffers: dict[tuple[int, str], LineBuffer] = {}
        self._current: int | str | None = None
        self._noticed: set[str] = set()
        self._warnings: list[Warned] = []
        self._told: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for index in sorted({index for index, _ in self._buffers}):
            self._write(index, self._rest(index))

    def show(self, event: Event) -> None:
        """Write the lines of one event, in one piece."""
        match event:
            case PlanReady(steps):
                self._titles = {step.index: step.name for step in steps}
            case PhaseStarted(name):
                self._write(name, [])
            case PhaseProgress():
                self._progress(event)
            case PhaseFinished(name, seconds, detail):
                shown = [clean_line(detail)] if detail else []
                self._write(name, [*shown, f"DONE {seconds:.1f}s"])
            case Notice(text):
                self._notice(text)
            case Warned():
                self._warnings.append(event)
                self._noticed.add(event.text)
            case BuildFinished():
                pass  # the result says the same and more
            case _:
                self._show_step(event)

    def failed(self, error: LithifyError) -> bool:
        """Errors are shown after the log, by the one who shows all errors."""
        self._separate()
        self._end_with_warnings()
        return False

    def finished(self, result: BuildResult) -> None:
        """End with a line that says what was made."""
        for warning in result.warnings:
            if warning not in self._noticed:
                self._notice(warning)
        self._separate()
        self._end_with_warnings()
        self._stream.write(summary_line(result) + "\n")
        self._stream.flush()

    def _end_with_warnings(self) -> None:
        if self._warnings:
            self._stream.write("\n".join(warning_lines(self._warnings)) + "\n\n")
            self._stream.flush()

    def _progress(self, event: PhaseProgress) -> None:
        """A line now and then, and one for the whole: a log is no place for counters."""
        now = self._clock()
        is_whole = event.done_bytes >= event.total_bytes
        first = self._told.setdefault(event.name, now)
        if event.total_bytes and (is_whole or now - first >= _PROGRESS_EVERY_S):
            self._told[event.name] = now
            sizes = f"{human_size(event.done_bytes)} / {human_size(event.total_bytes)}"
            self._write(event.name, [sizes])

    def _show_step(self, event: StepEvent) -> None:
        match event:
            case StepStarted(index):
                self._started[index] = self._clock()
                self._write(index, [])
            case StepCached(index):
                self._write(index, ["CACHED"])
            case StepOutput():
                self._output(event)
            case StepNote(index, text):
                self._write(index, [f"note: {line}" for line in clean(text).splitlines()])
            case StepFinished():
                self._step_finished(event)
            case StepErred(index, seconds, error):
                self._write(index, [*self._rest(index), _ending(error, seconds)])
            case _:
                assert_never(event)

    def _output(self, event: StepOutput) -> None:
        buffer = self._buffers.setdefault((event.index, event.stream), LineBuffer())
        self._write(event.index, self._stamped(event.index, buffer.feed(event.data)))

    def _step_finished(self, event: StepFinished) -> None:
        lines = [*self._rest(event.index), f"DONE {event.seconds:.1f}s"]
        if event.reason and (self._explain or event.is_rerun):
            lines.append(
                f"{'reran' if event.is_rerun else 'not cached'}: {clean_line(event.reason)}"
            )
        self._write(event.index, lines)

    def _rest(self, index: int) -> list[str]:
        """What a step wrote last without a newline."""
        lines: list[str] = []
        for key in [key for key in self._buffers if key[0] == index]:
            lines += self._buffers.pop(key).flush()
        return self._stamped(index, lines)

    def _stamped(self, index: int, lines: list[str]) -> list[str]:
        seconds = self._clock() - self._started.get(index, self._clock())
        return [f"{seconds:.2f} {line}" for line in lines]

    def _write(self, block: int | str, lines: list[str]) -> None:
        is_new = block not in self._numbers
        if not is_new and not lines:
            return
        number = self._numbers.setdefault(block, len(self._numbers) + 1)
        if is_new:
            title = self._titles.get(block, f"step {block}") if isinstance(block, int) else block
            lines = [clean_line(title), *lines]
        gap = "\n" if self._current not in (None, block) else ""
        self._current = block
        self._stream.write(gap + "".join(f"#{number} {line}".rstrip() + "\n" for line in lines))
        self._stream.flush()

    def _notice(self, text: str) -> None:
        self._noticed.add(text)
        if self._current != _NOTICES:
            self._separate()
        self._current = _NOTICES
        self._stream.write(f"note: {clean(text)}\n")
        self._stream.flush()

    def _separate(self) -> None:
        """A blank line after the block before."""
        if self._current is not None:
            self._current = None
            self._stream.write("\n")


def _ending(error: LithifyError, seconds: float) -> str:
    if isinstance(error, Cancelled):
        return f"CANCELED {seconds:.1f}s"
    return f"ERROR {clean_line(error.message)}"
