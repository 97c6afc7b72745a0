"""Owns the surroundings of command line tests: a fake engine that remembers what it was asked, and a way to call main.

The engine is replaced where it is opened; everything before and behind is the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import pytest

from lithify.cli.main import main
from lithify.requests import BuildResult, HistoryRow, ImageSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lithify.executor.events import Event
    from lithify.requests import BuildRequest, EngineOptions, RunRequest

DIGEST = "sha256:" + "ab" * 32
CONFIG = "sha256:" + "cd" * 32
RESULT = BuildResult(DIGEST, CONFIG, ("docker.io/library/app:1",), 3, 1, 2.25)


@dataclass
class FakeEngine:
    """Opened by calling it with options, as the class Engine is."""

    events: tuple[Event, ...] = ()
    result: BuildResult = RESULT
    error: BaseException | None = None
    during: Callable[[], object] = lambda: None
    asked: list[Any] = field(default_factory=list)
    options: EngineOptions | None = None
    is_closed: bool = False
    is_cancelled: bool = False
    status: int = 0

    def __call__(self, options: EngineOptions) -> Self:
        self.options = options
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closed = True

    def cancel(self) -> None:
        self.is_cancelled = True

    def _answer(self, *asked: Any) -> None:
        self.asked.append(asked[0] if len(asked) == 1 else asked)
        self.during()
        if self.error is not None:
            raise self.error

    def debug_ast(self, name: str, data: bytes) -> str:
        self._answer(name, data)
        return "tree"

    def debug_instructions(self, files: Sequence[tuple[str, bytes]]) -> Iterator[dict[str, Any]]:
        self._answer(files)
        for name, data in files:
            yield {"name": name, "size": len(data)}

    def plan(self, request: BuildRequest, format: str) -> str:
        self._answer(request, format)
        return f"plan as {format}"

    def build(
        self,
        request: BuildRequest,
        on_event: Callable[[Event], None],
        *,
        stdin: BinaryIO | None,
        stdout: BinaryIO | None,
    ) -> BuildResult:
        self.streams = (stdin, stdout)
        for event in self.events:
            on_event(event)
        self._answer(request)
        return self.result

    def images(self, filters: Sequence[tuple[str, str]] = ()) -> tuple[ImageSummary, ...]:
        self._answer("images", *filters)
        created = "1980-01-01T00:00:00Z"
        found = (
            ImageSummary("app", "1", DIGEST, CONFIG, created, 4_270_000, "linux/amd64"),
            ImageSummary("evil\x1b[2J", "", "sha256:" + "12" * 32, CONFIG, "?", 0, "linux/arm64"),
        )
        wanted = dict(filters).get("reference", "")
        return tuple(one for one in found if wanted in ("", f"{one.repository}:{one.tag}"))

    def inspect(self, names: Sequence[str]) -> list[dict[str, Any]]:
        self._answer(names)
        return [{"Id": name} for name in names]

    def history(self, name: str) -> tuple[HistoryRow, ...]:
        self._answer(name)
        created = "1980-01-01T00:00:00Z"
        return (
            HistoryRow(created, 'CMD ["sh"]', 0, "", ""),
            HistoryRow(created, "RUN make " + "x" * 60, 118_000_000, "lithify", DIGEST),
        )

    def tag(self, source: str, target: str) -> None:
        self._answer(source, target)

    def remove_images(self, names: Sequence[str], *, force: bool) -> tuple[str, ...]:
        self._answer(tuple(names), force)
        return tuple(f"Untagged: {name}" for name in names)

    def load(self, stream: BinaryIO) -> tuple[str, ...]:
        self._answer(stream.read())
        return ("app:1",)

    def bootstrap(
        self,
        what: str,
        *,
        tag: str,
        environment: Mapping[str, str],
        on_event: Callable[[Event], None],
    ) -> tuple[str, ...]:
        self._answer(what, tag)
        return (tag or what,)

    def run(self, request: RunRequest, *, stdin: int, stdout: int, stderr: int) -> int:
        self._answer(request, (stdin, stdout, stderr))
        return self.status


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@dataclass(frozen=True)
class Ended:
    """How one command line ended."""

    status: int
    out: str
    err: str


class CommandLine:
    """Calls main with a fake engine and captures what it wrote."""

    def __init__(self, engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
        self._engine = engine
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        self._capsys.readouterr()
        status = main(arguments, open_engine=self._engine)  # type: ignore[arg-type]
        captured = self._capsys.readouterr()
        return Ended(status, captured.out, captured.err)


@pytest.fixture
def lithify(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(engine, capsys)
