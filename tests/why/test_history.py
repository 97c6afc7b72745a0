"""Builds are remembered, and `lithify why` finds the one that is meant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lithify.cache.history import MOST_BUILDS, BuildHistory, BuildRecord, Project, StepRecord
from lithify.cache.ports import Leaf
from lithify.cache.records import SqliteRecordStore
from lithify.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.why.conftest import Lab

STEP = StepRecord(
    "[build 2/5] RUN make",
    "build",
    "RUN",
    0,
    "linux/amd64",
    "ran",
    1.5,
    ("a changed",),
    key="k",
    leaves=(Leaf("op", "run"),),
)
DIGEST = "sha256:" + "ab" * 32


def build(created: float, digest: str = DIGEST, *names: str) -> BuildRecord:
    return BuildRecord(created, Project("/c", "Dockerfile", "", names), digest, 2.0, (STEP,))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[SqliteRecordStore]:
    opened = SqliteRecordStore(tmp_path / "records.db")
    yield opened
    opened.close()


def test_a_build_is_remembered_as_it_was(records: SqliteRecordStore) -> None:
    history = BuildHistory(records)
    stored = history.add(build(1.0, DIGEST, "docker.io/library/a:latest"))
    assert stored.id == "b1"
    assert history.latest() == (stored,)


def test_only_the_last_builds_are_remembered(records: SqliteRecordStore) -> None:
    history = BuildHistory(records)
    for number in range(MOST_BUILDS + 5):
        history.add(build(float(number)))
    found = history.latest()
    assert len(found) == MOST_BUILDS
    assert (found[0].created, found[-1].created) == (MOST_BUILDS + 4, 5.0)


def test_a_repeated_build_is_the_last_one_and_its_results_are_in_use(
    records: SqliteRecordStore,
) -> None:
    history = BuildHistory(records)
    history.add(build(1.0))
    history.add(build(2.0, "sha256:" + "cd" * 32))
    records.note_repeated(DIGEST, 3.0)
    assert [one.number for one in history.latest()] == [1, 2]
    assert history.latest()[0].repeated == 3.0
    assert records.query("SELECT key, used FROM uses") == [("k", 3.0)]


def test_a_damaged_account_is_left_out(records: SqliteRecordStore) -> None:
    history = BuildHistory(records)
    history.add(build(1.0))
    history.add(build(2.0))
    with records.transaction() as connection:
        connection.execute("UPDATE builds SET document = x'00' WHERE number = 2")
    assert [one.number for one in history.latest()] == [1]


def test_lists_of_files_are_bounded(
    records: SqliteRecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lithify.cache.history.MOST_MANIFEST_BYTES", 60)
    history = BuildHistory(records)
    for number in range(10):
        history.put_manifest(f"m{number}", b"content %d" % number, float(number))
    assert history.manifest("m9") == b"content 9"
    assert history.manifest("m0") is None
    assert 1 < sum(history.has_manifest(f"m{number}") for number in range(10)) < 6


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("[build 2/5] RUN make", "RUN make", 2),
        ("[3/12] COPY a] b", "COPY a] b", 3),
        ("[linux/amd64 build 2/5] RUN [x] y", "RUN [x] y", 2),
        ("FROM busybox", "FROM busybox", 0),
    ],
)
def test_a_name_says_what_and_where(name: str, text: str, place: int) -> None:
    step = StepRecord(name, "build", "RUN", None, "linux/amd64")
    assert (step.text, step.place) == (text, place)


# -- the command ----------------------------------------------------------------------------------


@pytest.fixture
def why(store_lab: Lab, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ask(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(("--root", str(store_lab.store), "why", *words))
        out, err = capsys.readouterr()
        return status, out, err

    return ask


@pytest.fixture
def built(store_lab: Lab) -> Lab:
    store_lab.dockerfile("FROM scratch", "COPY a /x/", "COPY b /x/")
    store_lab.write("a", "1")
    store_lab.write("b", "1")
    store_lab.build(tags=("app:1",))
    store_lab.write("b", "2")
    store_lab.build(tags=("app:2",))
    return store_lab


@pytest.mark.usefixtures("built")
def test_the_last_build_is_shown_by_default(why: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = why()
    assert status == 0
    head, _, header, first, second = out.splitlines()
    assert head.startswith("build b2, ")
    assert "app:2 sha256:" in head
    assert header.split() == ["#", "STEP", "OUTCOME", "WHY"]
    assert first.split() == ["1", "[1/2]", "COPY", "a", "/x/", "cached"]
    assert second.startswith("2   [2/2] COPY b /x/") and second.endswith("b changed")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("words", [("app:1",), ("b1",)])
def test_a_build_is_found_by_tag_and_id(
    why: Callable[..., tuple[int, str, str]], words: tuple[str, ...]
) -> None:
    assert why(*words)[1].startswith("build b1, ")


@pytest.mark.usefixtures("built")
def test_a_build_is_found_by_the_start_of_its_digest(
    why: Callable[..., tuple[int, str, str]],
) -> None:
    digest = json.loads(why("b1", "--json")[1])["digest"]
    assert why(digest[7:19])[1].startswith("build b1, ")


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("words", [("2",), ("copy b",), ("app:2", "2"), ("b2", "2/2")])
def test_a_step_is_found_by_number_and_part_of_its_name(
    why: Callable[..., tuple[int, str, str]], words: tuple[str, ...]
) -> None:
    out = why(*words)[1]
    assert "2. [2/2] COPY b /x/" in out
    assert "- b changed" in out
    assert "COPY a" not in out


@pytest.mark.usefixtures("built")
def test_everything_is_there_as_json(why: Callable[..., tuple[int, str, str]]) -> None:
    document = json.loads(why("--json", "app:2")[1])
    assert document["project"]["names"] == ["docker.io/library/app:2"]
    step = document["steps"][1]
    assert (step["outcome"], step["reasons"]) == ("ran", ["b changed"])
    assert step["leaves"]["destination"] == "/x/"


@pytest.mark.usefixtures("built")
def test_builds_are_listed(why: Callable[..., tuple[int, str, str]]) -> None:
    lines = why("--list")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["BUILD", "b2", "b1"]


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("words", [("nothing",), ("nothing", "1"), ("b9", "1"), ("a", "b", "c")])
def test_what_is_not_there_is_said(
    why: Callable[..., tuple[int, str, str]], words: tuple[str, ...]
) -> None:
    status, out, err = why(*words)
    assert (status, out) == (2, "")
    assert words[-1] in err or words[0] in err


def test_a_store_without_builds_says_so(why: Callable[..., tuple[int, str, str]]) -> None:
    assert why()[0] == 2


def test_an_unchanged_build_is_noted(built: Lab, why: Callable[..., tuple[int, str, str]]) -> None:
    store = built.store / "records.db"
    assert store.exists()
    with built.engine() as engine:
        engine._store().records.note_repeated(
            json.loads(why("b1", "--json")[1])["digest"], 4_000_000_000.0
        )
    assert "unchanged" in why()[1].splitlines()[0]
    assert why()[1].startswith("build b1")


@pytest.mark.parametrize(("face", "line"), [("plain", "#2 reran: b changed")])
def test_explain_shows_the_reason_while_building(
    built: Lab, capsys: pytest.CaptureFixture[str], face: str, line: str
) -> None:
    built.write("b", "3")
    words = ("build", f"--progress={face}", "--explain", str(built.context))
    assert main(("--root", str(built.store), *words)) == 0
    assert line in capsys.readouterr().err.splitlines()
