"""Owns the events of a build: typed values, emitted by the executor and rendered by the doors.

They exist so that nothing below the doors prints; every face (terminal, plain log, JSON lines, server) is a
function of the same values. Times are seconds of a monotonic clock, measured by the emitter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.errors import LithifyError, Span


@dataclass(frozen=True, slots=True)
class StepSummary:
    """What a face needs to know of a step before it starts."""

    index: int
    name: str
    stage: str
    inputs: tuple[int, ...]
    span: Span | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PlanReady:
    """The plan is made; steps come in plan order."""

    steps: tuple[StepSummary, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is not cached and starts to run."""

    index: int


@dataclass(frozen=True, slots=True)
class StepCached:
    """A step's result was found."""

    index: int


@dataclass(frozen=True, slots=True)
class StepOutput:
    """A piece of a process's output, as it came: not split into lines, not decoded."""

    index: int
    stream: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StepNote:
    """Something worth telling about a step: normalised files, a warning."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ran and its result is recorded. `reason` says why it was not cached; `is_rerun`: it had run before."""

    index: int
    seconds: float
    reason: str = ""
    is_rerun: bool = False


@dataclass(frozen=True, slots=True)
class StepErred:
    """A step failed, or was stopped because another one did."""

    index: int
    seconds: float
    error: LithifyError


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the build as a whole that is done differently than asked or expected."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A check of the Dockerfile found something, or a shared cache failed; `rule` is its public name, `url`
    explains it."""

    rule: str
    message: str
    span: Span | None = field(default=None, repr=False)
    url: str = ""

    @property
    def text(self) -> str:
        """The finding in one line."""
        place = "" if self.span is None else f" (line {self.span.line})"
        return f"{self.rule}: {self.message}{place}"


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase outside the steps: resolving a base image, exporting."""

    name: str


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """How far a phase that transfers bytes has come; several times a second at most."""

    name: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class PhaseFinished:
    name: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BuildFinished:
    """The build is done; `digest` names the image manifest or index ('' where there is none)."""

    digest: str
    names: tuple[str, ...]
    seconds: float
    steps: int
    cached: int


Event = (
    PlanReady
    | StepStarted
    | StepCached
    | StepOutput
    | StepNote
    | StepFinished
    | StepErred
    | Notice
    | Warned
    | PhaseStarted
    | PhaseProgress
    | PhaseFinished
    | BuildFinished
)

if TYPE_CHECKING:
    #: Receives events in order, from one thread at a time.
    Listener = Callable[[Event], None]
