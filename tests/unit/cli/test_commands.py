"""What each command asks of the engine and what it prints."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lithify.cli.table import human_age, human_size
from lithify.errors import BuildError
from lithify.executor.events import Notice, StepStarted
from lithify.requests import RunRequest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["images"],
        ["images", "--digests", "--no-trunc"],
        ["images", "-q"],
        ["images", "--format", "json"],
        ["images", "app:1"],
        ["images", "app:2"],
        ["history", "app"],
        ["history", "-q", "app"],
        ["history", "--no-trunc", "--format=json", "app"],
        ["inspect", "app", "lib"],
        ["inspect", "--format=json", "app"],
        ["rmi", "app", "-f", "lib"],
        ["bootstrap"],
        ["bootstrap", "debian:bookworm", "-t", "base"],
        ["plan", ".", "--format=dot"],
    ],
    ids=" ".join,
)
def test_output_of_commands(lithify: Any, snapshot: Any, arguments: list[str]) -> None:
    ended = lithify(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == snapshot


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["tag", "app", "app:2"], ("app", "app:2")),
        (["rmi", "app", "--force"], (("app",), True)),
        (["bootstrap"], ("busybox", "")),
        (["bootstrap", "debian:sid", "-t", "b"], ("debian:sid", "b")),
    ],
)
def test_what_is_asked_of_the_engine(
    lithify: Any, engine: Any, arguments: list[str], asked: tuple[Any, ...]
) -> None:
    assert lithify(*arguments).status == 0
    assert engine.asked == [asked]


def test_load_reads_a_file_or_standard_input(
    lithify: Any, engine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(b"from a file")
    assert lithify("load", "-i", str(path)).out == "Loaded image: app:1\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"from stdin")))
    assert lithify("load", "-q").out == ""
    assert engine.asked == [b"from a file", b"from stdin"]
    ended = lithify("load", "-i", str(tmp_path / "nowhere"))
    assert ended.status == 1
    assert "no such file" in ended.err


def test_debug_instructions_prints_one_object_a_line(lithify: Any, tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in paths:
        with open(path, "wb") as file:
            file.write(b"FROM \xff\n")
    lines = lithify("debug", "instructions", "--format", "json", *paths).out.splitlines()
    assert [json.loads(line)["name"] for line in lines] == paths


def test_debug_ast_prints_the_tree_of_the_bytes(lithify: Any, engine: Any, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM \xff\n")
    assert lithify("debug", "ast", str(path)).out == "tree\n"
    assert engine.asked == [(str(path), b"FROM \xff\n")]
    assert lithify("debug", "ast", str(tmp_path)).status == 1


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["app"], RunRequest("app")),
        (["--rm", "app", "ls", "-l", "--rm"], RunRequest("app", command=("ls", "-l", "--rm"))),
        (["-i", "app", "x"], RunRequest("app", command=("x",), interactive=True)),
        (
            ["-e", "A=1", "-e", "HERE", "-e", "NOWHERE", "app"],
            RunRequest("app", env=(("A", "1"), ("HERE", "yes"))),
        ),
        (["-w", "/srv", "-u", "1:2", "app"], RunRequest("app", workdir="/srv", user="1:2")),
        (
            ["-v", "/a:/b", "-v", "/a:/c:ro", "-v", "/d", "app"],
            RunRequest("app", volumes=(("/a", "/b", False), ("/a", "/c", True), ("", "/d", False))),
        ),
        (["--entrypoint", "sh", "app"], RunRequest("app", entrypoint=("sh",))),
        (["--entrypoint", "", "app"], RunRequest("app", entrypoint=())),
        (
            ["--network=none", "--hostname", "h", "app"],
            RunRequest("app", network="none", hostname="h"),
        ),
    ],
)
def test_run_passes_its_flags_and_the_exit_status(
    lithify: Any,
    engine: Any,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    request_: RunRequest,
) -> None:
    monkeypatch.setenv("HERE", "yes")
    monkeypatch.delenv("NOWHERE", raising=False)
    engine.status = 37
    assert lithify("run", *arguments).status == 37
    assert engine.asked == [(request_, (0, 1, 2))]


def test_run_makes_host_paths_absolute(lithify: Any, engine: Any) -> None:
    lithify("run", "-v", "./data:/data", "app")
    assert engine.asked[0][0].volumes == ((os.path.abspath("data"), "/data", False),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-v", "data:/data", "app"], "named volumes"),
        (["-v", "/a:b", "app"], "not of the form"),
        (["-v", "/a:/b:rx", "app"], "not of the form"),
        (["--detach", "app"], "unknown flag: --detach"),
        ([], "required: IMAGE"),
    ],
)
def test_run_refuses_what_it_cannot_do(lithify: Any, arguments: list[str], said: str) -> None:
    ended = lithify("run", *arguments)
    assert ended.status == 2
    assert said in ended.err


def test_run_with_a_terminal_needs_one(lithify: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda _: False)
    assert lithify("run", "-it", "app").status == 2
    monkeypatch.setattr(os, "isatty", lambda _: True)
    assert lithify("run", "-it", "app").status == 0


def test_build_ends_the_log_with_a_summary(lithify: Any, engine: Any) -> None:
    engine.result = replace(engine.result, warnings=("a is odd", "b is odd"))
    engine.events = (Notice("a is odd"),)
    ended = lithify("build", ".")
    digest = engine.result.digest
    assert ended.out == ""
    assert ended.err.splitlines() == [
        "note: a is odd",
        "note: b is odd",
        "",
        f"built docker.io/library/app:1 {digest} (3 steps, 1 cached, 2.2s)",
    ]


def test_a_quiet_build_prints_only_the_digest(lithify: Any, engine: Any) -> None:
    engine.events = (StepStarted(0), Notice("note"))
    ended = lithify("build", "-q", ".")
    assert (ended.out, ended.err) == (engine.result.digest + "\n", "")


def test_a_failed_rawjson_build_shows_its_error_as_json_only(lithify: Any, engine: Any) -> None:
    engine.error = BuildError("no")
    ended = lithify("build", "--progress=rawjson", ".")
    assert ended.status == 1
    assert [json.loads(line)["event"] for line in ended.err.splitlines()] == ["error"]


def test_standard_streams_are_given_only_where_asked_for(lithify: Any, engine: Any) -> None:
    lithify("build", ".")
    assert engine.streams == (None, None)
    lithify("build", "-o", "-", "-f", "-", ".")
    assert engine.streams == (sys.stdin.buffer, sys.stdout.buffer)


def test_no_archive_is_written_to_a_terminal(
    lithify: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ended = lithify("build", "-o", "-", ".")
    assert ended.status == 2
    assert "terminal" in ended.err
    assert engine.asked == []


def test_result_files_are_written_whole(lithify: Any, engine: Any, tmp_path: Path) -> None:
    iid, metadata = tmp_path / "iid", tmp_path / "metadata.json"
    metadata.write_text("old")
    files = [f"--iidfile={iid}", f"--metadata-file={metadata}"]
    assert lithify("build", *files, ".").status == 0
    assert iid.read_text() == engine.result.digest
    assert json.loads(metadata.read_text()) == engine.result.metadata()
    assert sorted(os.listdir(tmp_path)) == ["iid", "metadata.json"]


def test_a_failed_build_leaves_no_digest_of_an_earlier_one(
    lithify: Any, engine: Any, tmp_path: Path
) -> None:
    iid = tmp_path / "iid"
    iid.write_text("old")
    engine.error = BuildError("no")
    assert lithify("build", f"--iidfile={iid}", ".").status == 1
    assert not iid.exists()


def test_a_result_file_that_cannot_be_written_is_an_error(lithify: Any, tmp_path: Path) -> None:
    ended = lithify("build", f"--metadata-file={tmp_path}/no/file", ".")
    assert ended.status == 1
    assert "cannot write" in ended.err


def test_a_result_may_go_to_a_device(lithify: Any) -> None:
    assert lithify("build", "--iidfile=/dev/null", ".").status == 0
    assert os.path.exists("/dev/null") and not os.path.isfile("/dev/null")


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0B"),
        (999, "999B"),
        (1000, "1kB"),
        (4_270_000, "4.27MB"),
        (118_000_000, "118MB"),
        (999_600_000, "1GB"),
        (1_240_000_000, "1.24GB"),
    ],
)
def test_sizes_are_shown_as_docker_does(size: int, shown: str) -> None:
    assert human_size(size) == shown


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2023-11-14T22:13:20Z", "Less than a second ago"),
        ("2023-11-14T22:13:00.5Z", "19 seconds ago"),
        ("2023-11-14T21:13:20Z", "1 hour ago"),
        ("2023-11-04T22:13:20Z", "10 days ago"),
        ("2023-10-14T22:13:20Z", "4 weeks ago"),
        ("1980-01-01T00:00:00Z", "43 years ago"),
        ("", "N/A"),
        ("yesterday", "N/A"),
    ],
)
def test_ages_are_shown_in_words(created: str, shown: str) -> None:
    assert human_age(created, 1_700_000_000) == shown


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["images", "--format", "{{.Repository}}:{{.Tag}}", "app:1"], "app:1\n"),
        (
            ["images", "--format", "table {{.Tag}}\\t{{.Size}}", "app:1"],
            "TAG   SIZE\n1     4.27MB\n",
        ),
        (["inspect", "-f", "{{.Id}} {{json .}}", "app"], 'app {"Id":"app"}\n'),
        (["history", "--format", "{{.Size}} {{.Comment}}", "app"], "0B \n118MB lithify\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_templates_are_those_of_docker(lithify: Any, arguments: list[str], out: str) -> None:
    ended = lithify(*arguments)
    assert (ended.status, ended.out, ended.err) == (0, out, "")


def test_filters_reach_the_engine_as_keys_and_values(lithify: Any, engine: Any) -> None:
    lithify("images", "--filter", "label=a=b", "-f", "dangling=true", "app*")
    assert engine.asked == [
        ("images", ("label", "a=b"), ("dangling", "true"), ("reference", "app*"))
    ]
    assert "not of the form key=value" in lithify("images", "--filter", "label").err


def test_damaged_images_are_listed_with_a_warning(
    lithify: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = engine.images()
    damaged = replace(rows[0], problem="a blob\x1b[2J is gone")
    monkeypatch.setattr(type(engine), "images", lambda *_: (damaged, rows[1]))
    ended = lithify("images", "-q")
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 2
    assert ended.err == "warning: app:1: a blob is gone\n"
