"""Owns the rawjson face: one JSON object per event and line, for programs.

Each has the key `event`; the others by event:

    plan            steps: [{step, name, stage, inputs: [step...], location}]
    step_started    step
    step_cached     step
    step_output     step, stream ("stdout", "stderr"), data (text; what is not UTF-8 is replaced)
    step_note       step, text
    step_finished   step, seconds, reason ("" if unknown)
    step_erred      step, seconds, error
    notice          text
    warning         rule, message, url, location                         (of a check)
    phase_started   name
    phase_progress  name, done_bytes, total_bytes
    phase_finished  name, seconds, detail
    build_finished  digest, names, seconds, steps, cached
    result          digest, config_digest, names, steps, cached, seconds, warnings,
                    exports: [{type, digest}]                              (last line of a good build)
    error           error                                                (last line of a failed build)

`step` is the index in plan order. `location` is null or {file, line, column}. `error` is {type, message, hint,
location, exit_code (null unless a process ended), rendered}, with errors: [error...] if a file has several. Keys are
never removed or renamed, so that programs can rely on them. It refuses to show anything else on its stream.
"""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, Self, TextIO, assert_never

from lithify.errors import SourceErrors, StepFailed, render_error
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
    from lithify.errors import LithifyError, Span
    from lithify.executor.events import Event, StepSummary
    from lithify.requests import BuildResult

    StepEvent = StepStarted | StepCached | StepNote | StepFinished | StepErred


class RawJsonFace:
    """JSON lines. Characters cut by the pieces of a process's output are put together again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._decoders: dict[tuple[int, str], codecs.IncrementalDecoder] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: Event) -> None:
        """Write one line."""
        match event:
            case PlanReady(steps):
                self._write("plan", steps=[_step(step) for step in steps])
            case Notice(text):
                self._write("notice", text=text)
            case Warned(rule, message, span, url):
                place = _location(span)
                self._write("warning", rule=rule, message=message, url=url, location=place)
            case PhaseStarted(name):
                self._write("phase_started", name=name)
            case PhaseProgress(name, done, total):
                self._write("phase_progress", name=name, done_bytes=done, total_bytes=total)
            case PhaseFinished(name, seconds, detail):
                self._write("phase_finished", name=name, seconds=seconds, detail=detail)
            case BuildFinished(digest, names, seconds, steps, cached):
                counts = {"seconds": seconds, "steps": steps, "cached": cached}
                self._write("build_finished", digest=digest, names=names, **counts)
            case StepOutput(index, stream, data):
                text = self._decoder(index, stream).decode(data)
                self._write("step_output", step=index, stream=stream, data=text)
            case _:
                self._show_step(event)

    def failed(self, error: LithifyError) -> bool:
        """The last line; nothing else may follow it."""
        self._write("error", error=_error(error))
        return True

    def finished(self, result: BuildResult) -> None:
        """The last line."""
        exports = [{"type": kind, "digest": digest} for kind, digest in result.exports]
        self._write(
            "result",
            digest=result.digest,
            config_digest=result.config_digest,
            names=result.names,
            steps=result.steps,
            cached=result.cached,
            seconds=result.seconds,
            warnings=result.warnings,
            exports=exports,
        )

    def _show_step(self, event: StepEvent) -> None:
        match event:
            case StepStarted(index):
                self._write("step_started", step=index)
            case StepCached(index):
                self._write("step_cached", step=index)
            case StepNote(index, text):
                self._write("step_note", step=index, text=text)
            case StepFinished(index, seconds, reason, _):
                self._write("step_finished", step=index, seconds=seconds, reason=reason)
            case StepErred(index, seconds, error):
                self._write("step_erred", step=index, seconds=seconds, error=_error(error))
            case _:
                assert_never(event)

    def _decoder(self, index: int, stream: str) -> codecs.IncrementalDecoder:
        if (index, stream) not in self._decoders:
            self._decoders[index, stream] = codecs.getincrementaldecoder("utf-8")("replace")
        return self._decoders[index, stream]

    def _write(self, event: str, **keys: Any) -> None:
        self._stream.write(json.dumps({"event": event, **keys}) + "\n")
        self._stream.flush()


def _step(step: StepSummary) -> dict[str, object]:
    return {
        "step": step.index,
        "name": step.name,
        "stage": step.stage,
        "inputs": step.inputs,
        "location": _location(step.span),
    }


def _location(span: Span | None) -> dict[str, object] | None:
    if span is None:
        return None
    return {"file": span.source.name, "line": span.line, "column": span.column}


def _error(error: LithifyError) -> dict[str, object]:
    found: dict[str, object] = {
        "type": type(error).__name__,
        "message": error.message,
        "hint": error.hint,
        "location": _location(error.span),
        "exit_code": error.exit_code if isinstance(error, StepFailed) else None,
        "rendered": render_error(error),
    }
    if isinstance(error, SourceErrors):
        found["errors"] = [_error(one) for one in error.errors]
    return found
