"""What a build looks like: the log, the JSON lines and the live view, from the same events."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from lithify.cli.render import QuietFace, open_face
from lithify.cli.render_plain import PlainFace
from lithify.cli.render_rawjson import RawJsonFace
from lithify.cli.render_tty import TtyFace
from lithify.errors import Cancelled, SourceText, Span, StepFailed
from lithify.executor.events import (
    BuildFinished,
    Notice,
    PhaseFinished,
    PhaseStarted,
    PlanReady,
    StepCached,
    StepErred,
    StepFinished,
    StepNote,
    StepOutput,
    StepStarted,
    StepSummary,
    Warned,
)

if TYPE_CHECKING:
    from lithify.executor.events import Event

_SOURCE = SourceText("Dockerfile", "FROM busybox\nRUN make\nRUN test\n")
_STEPS = (
    StepSummary(0, "[build 1/2] FROM busybox", "build", (), Span(_SOURCE, 0, 12)),
    StepSummary(1, "[build 2/2] RUN make", "build", (0,), Span(_SOURCE, 13, 21)),
    StepSummary(2, "[check 1/2] RUN test \x1b[2J\nagain", "check", (0,), Span(_SOURCE, 22, 30)),
    StepSummary(3, "[check 2/2] COPY --from=build /a /a", "check", (2, 1)),
)
_FAILURE = StepFailed("`RUN test` failed with exit status 3", exit_code=3, tail=("no",))
_BEFORE: tuple[Event, ...] = (
    PhaseStarted("resolve busybox"),
    PhaseFinished("resolve busybox", 0.25, "from the store"),
    PlanReady(_STEPS),
    Notice("the host has no cgroups"),
    StepCached(0),
    StepStarted(1),
    StepOutput(1, "stdout", b"compil"),
    StepStarted(2),
    StepOutput(2, "stdout", b"test 1 ok\ntest 2 \x1b[32mok\x1b[0m\n"),
    StepOutput(1, "stdout", b"ing a\ncompiling b"),
    StepOutput(1, "stderr", b"warning: \xff\x07 odd\r\n10%\r50%\r100%\n"),
)
_GOOD: tuple[Event, ...] = (
    *_BEFORE,
    StepNote(1, "normalised 2 files"),
    StepFinished(1, 1.25, "ENV PATH changed", is_rerun=True),
    StepFinished(2, 0.5, "it has not run before"),
    StepCached(3),
    BuildFinished("sha256:" + "ab" * 32, ("app:1",), 2.25, 4, 2),
)
_BAD: tuple[Event, ...] = (
    *_BEFORE,
    StepOutput(2, "stderr", b"no"),
    StepErred(2, 0.75, _FAILURE),
    StepErred(1, 0.75, Cancelled("the build was stopped")),
)


class _Clock:
    """Every look at it is an eighth of a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.125
        return self.now


def _plain(events: tuple[Event, ...], *, explain: bool = False) -> tuple[PlainFace, io.StringIO]:
    stream = io.StringIO()
    face = PlainFace(stream, explain=explain, clock=_Clock())
    for event in events:
        face.show(event)
    return face, stream


def test_the_log_of_a_good_build(snapshot: Any, engine: Any) -> None:
    face, stream = _plain(_GOOD, explain=True)
    face.finished(engine.result)
    assert stream.getvalue() == snapshot


def test_the_log_of_a_failed_build(snapshot: Any) -> None:
    face, stream = _plain(_BAD)
    assert not face.failed(_FAILURE)
    assert stream.getvalue() == snapshot


def test_a_rerun_says_why_and_a_first_run_only_when_asked() -> None:
    shown = _plain(_GOOD)[1].getvalue()
    assert "reran: ENV PATH changed" in shown
    assert "not cached" not in shown


def test_an_interrupted_log_ends_with_what_was_said_last() -> None:
    face, stream = _plain((StepStarted(0), StepOutput(0, "stdout", b"half a li")))
    with face:
        assert "half a li" not in stream.getvalue()
    assert stream.getvalue().endswith(" half a li\n")


def test_a_line_without_end_is_shown_in_pieces_at_characters() -> None:
    _, stream = _plain((StepStarted(0), StepOutput(0, "stdout", "ä".encode() * 50_000)))
    assert "\N{REPLACEMENT CHARACTER}" not in stream.getvalue()
    assert stream.getvalue().count("ä") == 32768


@pytest.mark.parametrize("events", [_GOOD, _BAD])
def test_no_control_character_of_a_process_reaches_the_log(events: tuple[Event, ...]) -> None:
    shown = _plain(events, explain=True)[1].getvalue()
    assert all(character.isprintable() for line in shown.split("\n") for character in line)


def test_the_json_lines_of_a_good_build(snapshot: Any, engine: Any) -> None:
    stream = io.StringIO()
    with RawJsonFace(stream) as face:
        for event in _GOOD:
            face.show(event)
        face.finished(engine.result)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == snapshot


def test_the_json_lines_of_a_failed_build_end_with_the_error(snapshot: Any) -> None:
    stream = io.StringIO()
    with RawJsonFace(stream) as face:
        face.show(StepErred(2, 0.75, _FAILURE))
        assert face.failed(_FAILURE)
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == snapshot


def test_json_lines_put_cut_characters_together() -> None:
    stream = io.StringIO()
    face = RawJsonFace(stream)
    for piece in (b"\xc3", b"\xa4", b"\xff"):
        face.show(StepOutput(0, "stdout", piece))
    lines = [json.loads(line)["data"] for line in stream.getvalue().splitlines()]
    assert lines == ["", "ä", "\N{REPLACEMENT CHARACTER}"]


def _console(width: int = 60, height: int = 24) -> Console:
    return Console(
        file=io.StringIO(),
        record=True,
        width=width,
        height=height,
        color_system=None,
        legacy_windows=False,
    )


def _live(events: tuple[Event, ...], console: Console) -> TtyFace:
    face = TtyFace(console, clock=_Clock())
    for event in events:
        face.show(event)
    return face


def _frame(events: tuple[Event, ...], console: Console) -> str:
    console.print(_live(events, console).frame())
    return console.export_text()


def test_the_live_view_shows_steps_and_the_output_of_running_ones(snapshot: Any) -> None:
    assert _frame(_BEFORE, _console()) == snapshot


def test_the_live_view_of_a_failure(snapshot: Any) -> None:
    assert _frame(_BAD, _console()) == snapshot


@pytest.mark.parametrize(("width", "height"), [(40, 10), (41, 11), (80, 12), (200, 50)])
def test_the_live_view_fits_the_terminal(width: int, height: int) -> None:
    steps = tuple(StepSummary(at, f"RUN make 文字 {'x' * at}", "build", ()) for at in range(60))
    events: list[Event] = [PlanReady(steps)]
    for at in range(30, 40):
        events += [StepStarted(at), StepOutput(at, "stdout", "長い行 ".encode() * 40 + b"\n")]
    console = _console(width, height)
    lines = _frame(tuple(events), console).splitlines()
    assert len(lines) < height
    assert all(len(line.encode("utf-16-le")) // 2 <= width for line in lines)
    assert any("x" * 30 in line or "…" in line for line in lines)


def test_steps_that_run_are_shown_before_those_that_ended_or_wait() -> None:
    steps = tuple(StepSummary(at, f"RUN number-{at}", "", ()) for at in range(50))
    events = (PlanReady(steps), *(StepCached(at) for at in range(25)), StepStarted(25))
    shown = _frame(events, _console(height=10))
    assert "RUN number-25" in shown
    assert "RUN number-24" in shown
    assert "RUN number-0 " not in shown


def test_the_summary_stays_on_the_screen(snapshot: Any, engine: Any) -> None:
    console = _console()
    face = TtyFace(console, explain=True, clock=_Clock())
    with face:
        for event in _GOOD:
            face.show(event)
        face.finished(engine.result)
    assert console.export_text() == snapshot


def test_a_failed_build_leaves_its_steps_on_the_screen() -> None:
    console = _console()
    with TtyFace(console, clock=_Clock()) as face:
        for event in (*_BAD, StepStarted(3)):
            face.show(event)
        assert not face.failed(_FAILURE)
    shown = console.export_text()
    assert "✘ [check 1/2] RUN test" in shown
    assert "○ [build 2/2] RUN make" in shown
    assert "○ [check 2/2] COPY" in shown


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("progress", "stream", "face"),
    [
        ("auto", io.StringIO(), PlainFace),
        ("tty", io.StringIO(), PlainFace),
        ("plain", _Terminal(), PlainFace),
        ("auto", _Terminal(), PlainFace),
        ("rawjson", _Terminal(), RawJsonFace),
        ("quiet", _Terminal(), QuietFace),
    ],
)
def test_the_face_is_chosen_by_flag_and_stream(
    progress: str, stream: io.StringIO, face: type
) -> None:
    assert isinstance(open_face(progress, stream, {"TERM": "xterm"}), face)


@pytest.mark.parametrize(
    ("size", "term", "is_live"),
    [
        ((80, 24), "xterm", True),
        ((39, 24), "xterm", False),
        ((80, 9), "xterm", False),
        ((80, 24), "dumb", False),
    ],
)
def test_a_live_view_needs_a_terminal_that_is_large_enough(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], term: str, is_live: bool
) -> None:
    stream = _Terminal()
    monkeypatch.setattr(stream, "fileno", lambda: 2)
    monkeypatch.setattr("os.get_terminal_size", lambda _: size)
    face = open_face("auto", stream, {"TERM": term})
    assert isinstance(face, TtyFace) == is_live


_WARNED: tuple[Event, ...] = (
    Warned(
        "StageNameCasing", "Stage name 'A\x1b[2J' should be lowercase", Span(_SOURCE, 0, 12), "u"
    ),
    Warned("Other", "something"),
)
_SHOWN = """
 2 warnings found (use --check to expand):
 - StageNameCasing: Stage name 'A' should be lowercase (line 1)
 - Other: something
"""


def test_the_log_ends_with_what_the_checks_found(engine: Any) -> None:
    face, stream = _plain((*_WARNED, StepCached(0)))
    assert "StageNameCasing" not in stream.getvalue()
    face.finished(replace(engine.result, warnings=tuple(one.text for one in _WARNED)))
    assert f"CACHED\n{_SHOWN}\nbuilt " in stream.getvalue()


def test_the_log_of_a_failed_build_ends_with_what_the_checks_found() -> None:
    face, stream = _plain(_WARNED)
    assert not face.failed(_FAILURE)
    assert stream.getvalue().strip("\n") == _SHOWN.strip("\n")


def test_the_summary_on_the_screen_ends_with_what_the_checks_found(engine: Any) -> None:
    console = _console(width=120)
    face = TtyFace(console, clock=_Clock())
    with face:
        for event in _WARNED:
            face.show(event)
        face.finished(replace(engine.result, warnings=tuple(one.text for one in _WARNED)))
    lines = [line.rstrip() for line in console.export_text().strip("\n").splitlines()]
    assert lines[-4:-1] == _SHOWN.strip("\n").splitlines()
    assert lines[-1].startswith("built ")


def test_json_lines_tell_what_the_checks_found() -> None:
    stream = io.StringIO()
    face = RawJsonFace(stream)
    for event in _WARNED:
        face.show(event)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["rule"], first["url"]) == ("warning", "StageNameCasing", "u")
    assert first["location"] == {"file": "Dockerfile", "line": 1, "column": 1}
    assert second["location"] is None
