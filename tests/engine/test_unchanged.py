"""A build of which nothing changed is answered from its note; any change goes the long way."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lithify import unchanged
from lithify.api import Engine
from lithify.executor import filehash
from lithify.executor.events import BuildFinished, PlanReady, StepCached, Warned
from lithify.requests import BuildRequest, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lithify.executor.events import Event
    from lithify.requests import BuildResult


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "Dockerfile").write_text("FROM scratch\nCOPY . /x/\n")
    (directory / "file").write_text("one")
    settle(directory)
    return directory


def settle(directory: Path) -> None:
    """Times so old that a later change must show, as after a while of real time."""
    past = time.time() - 100
    for path in directory.rglob("*"):
        os.utime(path, (past, past))
    deadline = time.monotonic() + 10
    while time.time_ns() < max(p.stat().st_ctime_ns for p in directory.rglob("*")) + 60_000_000:
        assert time.monotonic() < deadline


@pytest.fixture
def build(
    tmp_path: Path, context: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[BuildResult, bool, list[Event]]]:
    """Build the context; the result, whether it was answered from a note, and the events."""

    def run(**fields: object) -> tuple[BuildResult, bool, list[Event]]:
        replayed: list[bool] = []

        def watched(*args: object) -> BuildResult | None:
            found = original(*args)
            replayed.append(found is not None)
            return found

        original = unchanged.replay
        monkeypatch.setattr(unchanged, "replay", watched)
        events: list[Event] = []
        request = BuildRequest(context=str(context), **fields)
        with Engine(EngineOptions(str(tmp_path / "store"))) as engine:
            result = engine.build(request, events.append)
        monkeypatch.setattr(unchanged, "replay", original)
        return result, replayed == [True], events

    return run


def test_an_unchanged_build_is_answered_with_the_same_result(build, context) -> None:
    first, was_replayed, _ = build(tags=("app",))
    assert not was_replayed
    second, was_replayed, events = build(tags=("app",))
    assert was_replayed
    assert second.digest == first.digest
    assert second.names == first.names
    assert (second.steps, second.cached) == (1, 1)
    assert [type(event) for event in events] == [PlanReady, StepCached, BuildFinished]


def test_touched_times_take_the_long_way_to_the_same_digest(build, context) -> None:
    first, _, _ = build()
    os.utime(context / "file", (1, 1))
    second, was_replayed, _ = build()
    assert not was_replayed
    assert (second.digest, second.cached) == (first.digest, 1)


def rewrite(context: Path) -> None:
    stat = (context / "file").stat()
    (context / "file").write_text("two")
    os.utime(context / "file", ns=(stat.st_atime_ns, stat.st_mtime_ns))


def ignore(context: Path) -> None:
    (context / ".dockerignore").write_text("file\n")


def add(context: Path) -> None:
    (context / "new").touch()


def change_mode(context: Path) -> None:
    (context / "file").chmod(0o600)


def rename(context: Path) -> None:
    (context / "file").rename(context / "renamed")


def change_dockerfile(context: Path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY . /y/\n")


@pytest.mark.parametrize(
    "change",
    [rewrite, ignore, add, change_mode, rename, change_dockerfile],
    ids=lambda f: f.__name__,
)
def test_every_change_is_seen(build, context, change) -> None:
    first, _, _ = build()
    change(context)
    second, was_replayed, _ = build()
    assert not was_replayed
    assert second.digest != first.digest


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": (("a", "b"),)},
        {"build_args": (("SOURCE_DATE_EPOCH", "7"),)},
        {"source_date_epoch": "7"},
        {"platforms": ("linux/arm64",)},
        {"no_cache": True},
        {"pull": "always"},
    ],
)
def test_another_request_is_another_build(build, context, fields) -> None:
    build()
    assert not build(**fields)[1]


def test_findings_are_told_again(build, context) -> None:
    (context / "Dockerfile").write_text("FROM scratch AS Base\nCOPY . /x/\n")
    settle(context)
    first, _, _ = build()
    second, was_replayed, events = build()
    assert was_replayed
    assert second.warnings == first.warnings
    assert "StageNameCasing" in second.warnings[0]
    assert isinstance(events[0], Warned)
    assert events[0].span is not None
    assert events[0].span.text == "FROM scratch AS Base"


def test_new_tags_name_the_known_image(build, context, tmp_path) -> None:
    first, _, _ = build(tags=("one",))
    build(tags=("two",))
    second, was_replayed, _ = build(tags=("two",))
    assert was_replayed
    assert second.digest == first.digest


def test_a_dockerfile_that_can_be_read_but_once_is_read_once(build, context) -> None:
    path = context.parent / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=("FROM scratch\nCOPY file /\n",))
    writer.start()
    result, replayed, _ = build(dockerfile=str(path))
    writer.join(10)
    assert result.digest
    assert not replayed


def test_a_lost_layer_is_made_again(build, context, tmp_path) -> None:
    first, _, _ = build()
    for blob in (tmp_path / "store" / "blobs" / "sha256").iterdir():
        if blob.stat().st_size > 2048:
            blob.unlink()
    second, was_replayed, _ = build()
    assert not was_replayed
    assert second.digest == first.digest


def test_an_archive_is_written_every_time(build, context, tmp_path) -> None:
    output = OutputSpec("oci", str(tmp_path / "image.tar"))
    build(outputs=(output,))
    (tmp_path / "image.tar").unlink()
    assert not build(outputs=(output,))[1]
    assert (tmp_path / "image.tar").exists()


def test_one_changed_file_is_the_only_one_that_is_read_again(build, context, monkeypatch) -> None:
    for number in range(5):
        (context / f"file{number}").write_text(str(number))
    settle(context)
    build()
    (context / "file3").write_text("changed")
    read: list[str] = []
    original = filehash._hash_file

    def watched(tree, path, stat):
        read.append(path)
        return original(tree, path, stat)

    monkeypatch.setattr(filehash, "_hash_file", watched)
    build()
    assert read == ["file3"]


@pytest.mark.root
def test_a_base_that_got_another_image_is_seen(build, context, tmp_path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY file /base\n")
    settle(context)
    build(tags=("base",))
    build(tags=("base",), labels=(("kind", "first"),))
    (context / "app.Dockerfile").write_text("FROM base\nCOPY file /x\n")
    settle(context)
    dockerfile = str(context / "app.Dockerfile")
    first, _, _ = build(dockerfile=dockerfile)
    assert build(dockerfile=dockerfile)[1]
    build(tags=("base",), labels=(("kind", "second"),))
    second, was_replayed, _ = build(dockerfile=dockerfile)
    assert not was_replayed
    assert second.digest != first.digest
