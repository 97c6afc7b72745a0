"""Reports of earlier runs: said again while nothing they came from has changed, and never longer."""

from __future__ import annotations

import os
import random
import stat
from typing import TYPE_CHECKING

import pytest

from lithify.api import Engine
from lithify.compiler.lint.policy import Policy, plain_names
from lithify.linting import many
from lithify.linting.many import lint_many
from lithify.linting.run import LintRequest
from lithify.requests import BuildRequest, EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lithify.linting.run import Judged

_DOCKERFILE = """FROM base:1
COPY run.sh app/ /srv/
COPY misssing.txt /srv/
RUN apt-get install -y curl
USER someone
ENTRYPOINT ["/srv/run.sh"]
"""
_COUNT = 3


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dockerfiles with contexts that rules ask about."""
    top = tmp_path / "project"
    for number in range(_COUNT):
        folder = top / str(number)
        (folder / "app").mkdir(parents=True)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        (folder / "run.sh").write_text("#!/bin/sh\n")
        (folder / "app" / "main.py").write_text("")
    monkeypatch.chdir(top)
    return top


@pytest.fixture
def request_(tmp_path: Path) -> LintRequest:
    return LintRequest(store=str(tmp_path / "store"), memory=str(tmp_path / "cache"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were really judged."""
    files: list[str] = []
    original = many._judged

    def watched(paths: Sequence[str], request: LintRequest, jobs: int) -> list[Judged]:
        files.extend(paths)
        return original(paths, request, jobs)

    monkeypatch.setattr(many, "_judged", watched)
    return files


_PATHS = tuple(f"{number}/Dockerfile" for number in range(_COUNT))


def test_what_has_not_changed_is_said_again(
    project: Path, request_: LintRequest, asked: list[str]
) -> None:
    first = lint_many(_PATHS, request_, 1)
    assert any(one.items for one in first)
    assert any(item.fixes for one in first for item in one.items)
    asked.clear()
    assert lint_many(_PATHS, request_, 1) == first
    assert not asked
    (project / "1" / "Dockerfile").write_text("FROM scratch\n")
    lint_many(_PATHS, request_, 1)
    assert asked == ["1/Dockerfile"]


def _build_base(store: Path, text: str) -> None:
    context = store.parent / "base"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text(text)
    (context / "passwd").write_text("someone:x:7:7::/:\n")
    with Engine(EngineOptions(store)) as engine:
        engine.build(BuildRequest(context=str(context), tags=("base:1",)), lambda _: None)


def edit(folder: Path, _: Path) -> None:
    (folder / "Dockerfile").write_text(f"{_DOCKERFILE}RUN cd /\n")


def restore(folder: Path, _: Path) -> None:
    (folder / "Dockerfile").write_text(_DOCKERFILE)


def add_what_was_missing(folder: Path, _: Path) -> None:
    (folder / "misssing.txt").write_text("")


def add_something_alike(folder: Path, _: Path) -> None:
    (folder / "missing.txt").write_text("")


def remove_a_source(folder: Path, _: Path) -> None:
    (folder / "run.sh").unlink(missing_ok=True)


def write_for_windows(folder: Path, _: Path) -> None:
    (folder / "run.sh").write_bytes(b"#!/bin/sh\r\n")


def make_executable(folder: Path, _: Path) -> None:
    if (folder / "run.sh").exists():
        (folder / "run.sh").chmod(0o755)


def ignore_a_source(folder: Path, _: Path) -> None:
    (folder / ".dockerignore").write_text("app\n")


def ignore_for_one_file(folder: Path, _: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("run.sh\n")


def become_a_repository(folder: Path, _: Path) -> None:
    (folder.parent / ".git").mkdir(exist_ok=True)


def lie_outside(folder: Path, _: Path) -> None:
    (folder / "run.sh").unlink(missing_ok=True)
    (folder / "run.sh").symlink_to("/etc/passwd")


def get_a_base(_: Path, store: Path) -> None:
    _build_base(store, "FROM scratch\nCOPY passwd /etc/passwd\nUSER 7\n")


def get_another_base(_: Path, store: Path) -> None:
    _build_base(store, "FROM scratch\nCOPY passwd /usr/bin/apt-get\n")


_CHANGES = (
    edit, restore, add_what_was_missing, add_something_alike, remove_a_source, write_for_windows,
    make_executable, ignore_a_source, ignore_for_one_file, become_a_repository, lie_outside,
    get_a_base, get_another_base,
)  # fmt: skip


@pytest.mark.parametrize("change", _CHANGES, ids=lambda change: change.__name__)
def test_every_change_that_matters_is_seen(
    project: Path,
    tmp_path: Path,
    request_: LintRequest,
    change: Callable[[Path, Path], None],
) -> None:
    lint_many(_PATHS, request_, 1)
    change(project / "1", tmp_path / "store")
    anew = lint_many(_PATHS, request_._replace(memory=""), 1)
    assert lint_many(_PATHS, request_, 1) == anew
    assert lint_many(_PATHS, request_, 1) == anew


@pytest.mark.parametrize("seed", range(6))
def test_reports_are_never_stale_whatever_happens(
    project: Path, tmp_path: Path, request_: LintRequest, seed: int
) -> None:
    generator = random.Random(seed)
    for _ in range(12):
        change = generator.choice(_CHANGES)
        change(project / str(generator.randrange(_COUNT)), tmp_path / "store")
        anew = lint_many(_PATHS, request_._replace(memory=""), 1)
        assert lint_many(_PATHS, request_, 1) == anew, change.__name__


def test_other_settings_and_another_program_are_asked_anew(
    project: Path, request_: LintRequest, asked: list[str]
) -> None:
    class Finder:
        identity = "a program"

        def __call__(self, contexts: Sequence[object]) -> list[list[tuple[()]]]:
            return [[] for _ in contexts]

    class Other(Finder):
        identity = "another"

    policy = Policy(ignored=plain_names(["DL3008", "DL3015"]))
    requests = [
        request_,
        request_._replace(policy=policy),
        request_._replace(context="0"),
        request_._replace(extra=Finder()),
        request_._replace(extra=Other()),
    ]
    for request in (*requests, *requests):
        lint_many(_PATHS[:1], request, 1)
    assert len(asked) == len(requests)
    assert lint_many(_PATHS[:1], requests[1], 1) != lint_many(_PATHS[:1], request_, 1)


def test_runs_that_repair_and_runs_with_rules_of_the_project_are_not_remembered(
    project: Path, request_: LintRequest, asked: list[str]
) -> None:
    (project / "rule.py").write_text('"""A rule."""\n\n\ndef check(ctx):\n    return []\n')
    for request in (
        request_._replace(repair="diff"),
        request_._replace(rule_files=(str(project / "rule.py"),)),
        request_._replace(memory=""),
    ):
        for _ in range(2):
            lint_many(_PATHS[:1], request, 1)
    assert len(asked) == 6


def test_a_damaged_memory_is_worth_nothing(
    project: Path, tmp_path: Path, request_: LintRequest, asked: list[str]
) -> None:
    first = lint_many(_PATHS, request_, 1)
    memory = tmp_path / "cache" / "lint.jsonl"
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    lines = memory.read_bytes().split(b"\n")
    keys = [line.partition(b" ")[0] for line in lines if line]
    for damage in (b"[", b"null", b"[[], 3]", b'[[[["nothing", "x", 0], 1]], ["x", []]]', b"{}", b'[[[["exists", "\x00", 0], 1]], ["x", []]]'):  # fmt: skip
        memory.write_bytes(b"".join(key + b" " + damage + b"\n" for key in keys))
        asked.clear()
        assert lint_many(_PATHS, request_, 1) == first
        assert asked == list(_PATHS), damage
    memory.chmod(0o666)
    asked.clear()
    lint_many(_PATHS, request_, 1)
    assert asked == list(_PATHS), "others may have written it"


def test_what_cannot_be_read_is_told_every_time(project: Path, request_: LintRequest) -> None:
    os.unlink("1/Dockerfile")
    for _ in range(2):
        reports = lint_many(_PATHS, request_, 1)
        assert [bool(one.problem) for one in reports] == [False, True, False]
