"""The engine's own questions and its builds: what is found reaches whoever asks, through the real store and context."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.errors import SourceError
from lithify.executor.events import Warned
from lithify.requests import BuildRequest, EngineOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lithify.executor.events import Event

_WARNED = "FROM scratch AS unused\nCOPY $x /\nFROM scratch as result\nCOPY a.log b /\n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(EngineOptions(str(tmp_path / "store"))) as opened:
        yield opened


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(_WARNED)
    (folder / ".dockerignore").write_text("*.log\n")
    (folder / "b").write_text("b")
    return folder


def test_a_check_looks_at_all_stages_and_at_the_ignore_file(engine: Engine, context: Path) -> None:
    checked = engine.check(BuildRequest(str(context)))
    found = [(one.span.line, one.rule.name) for one in checked.findings]
    assert found == [(2, "UndefinedVar"), (3, "FromAsCasing"), (4, "CopyIgnoredFile")]
    targets = engine.targets(BuildRequest(str(context)))
    assert [one.name for one in targets] == ["unused", "result"]
    assert engine.outline(BuildRequest(str(context))).name == "result"


def test_a_dockerfile_on_standard_input_is_checked_without_context(engine: Engine) -> None:
    stdin = io.BytesIO(b"FROM scratch as x\nCOPY a.log /\n")
    checked = engine.check(BuildRequest("-"), stdin=stdin)
    assert [one.rule.name for one in checked.findings] == ["FromAsCasing"]


def test_a_build_tells_what_the_checks_found_and_goes_on(engine: Engine, context: Path) -> None:
    text = "FROM scratch as x\nCOPY b /\nMAINTAINER me\n"
    (context / "Dockerfile").write_text(text)
    events: list[Event] = []
    for _ in range(2):
        result = engine.build(BuildRequest(str(context)), events.append)
        assert [one.partition(":")[0] for one in result.warnings] == [
            "FromAsCasing",
            "MaintainerDeprecated",
        ]
    told = [one.text for one in events if isinstance(one, Warned)]
    assert told == [*result.warnings, *result.warnings]


def test_a_strict_build_fails_before_any_step(engine: Engine, context: Path) -> None:
    (context / "Dockerfile").write_text(f"# check=error=true\n{_WARNED}")
    events: list[Event] = []
    expected = "lint violation found for rules: FromAsCasing, CopyIgnoredFile"
    with pytest.raises(SourceError, match=expected):
        engine.build(BuildRequest(str(context)), events.append)
    assert all(isinstance(one, Warned) for one in events)
    assert len(events) == 2
