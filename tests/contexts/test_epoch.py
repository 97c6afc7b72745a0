"""SOURCE_DATE_EPOCH that names where the time is to come from."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from lithify.errors import LithifyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk, Repository, Server

_DEFAULT_S = 315532800


def _time(desk: Desk, context: str, value: str, stdin: bytes = b"", **request: object) -> int:
    """The time of the file `out` of a build whose epoch is `value`."""
    build_args = (("SOURCE_DATE_EPOCH", value),)
    found = desk.members(context, stdin, build_args=build_args, **request)
    return int(found["out"][1].mtime)


_COPY = "FROM scratch\nCOPY <<x /out\nx\n"


def test_a_repository_s_time_is_its_commit_s(
    desk: Desk, server: Server, repository: Repository
) -> None:
    repository.write("Dockerfile", _COPY)
    repository.commit()
    url = repository.publish(server)
    assert _time(desk, url, "context") == repository.committed_s


def test_an_archive_s_time_is_its_server_s_or_its_newest_file_s(
    desk: Desk, server: Server, tar_of: Callable[..., bytes]
) -> None:
    archive = tar_of({"Dockerfile": _COPY, "b": ""})
    dated = server.route("/dated", archive, Last_Modified=server.modified)
    assert _time(desk, dated, "context") == server.modified_s
    assert _time(desk, server.route("/plain", archive), "context") == 6
    assert _time(desk, "-", "context", archive) == 6


def test_a_directory_has_no_time(desk: Desk, context: Callable[[str], str]) -> None:
    directory = context(_COPY)
    assert _time(desk, directory, "context") == _DEFAULT_S
    assert _time(desk, directory, "x", build_contexts=(("x", directory),)) == _DEFAULT_S


def test_a_named_context_s_time_counts_when_it_is_named(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    named = (
        ("code", repository.publish(server)),
        ("file", server.route("/x", b"x", Last_Modified=server.modified)),
    )
    for name in ("code", "file"):
        assert _time(desk, context(_COPY), name, build_contexts=named) == server.modified_s


@pytest.mark.parametrize("words", ["{url} /", "$WHERE /"])
def test_a_stage_s_time_is_that_of_its_one_source(
    desk: Desk, server: Server, context: Callable[[str], str], words: str
) -> None:
    url = server.route("/x", b"x", Last_Modified=server.modified)
    stage = f"FROM scratch AS Src\nARG BASE={server.url}\nARG WHERE=$BASE/x\nADD {words}\n"
    directory = context(stage.format(url=url) + _COPY)
    assert _time(desk, directory, "src") == server.modified_s


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        ("FROM busybox AS s\nADD http://h/x /", "stage must use FROM scratch"),
        ("FROM scratch AS s\nCOPY a /", "source-only requirements: unsupported COPY instruction"),
        ("FROM scratch AS s", "must contain exactly one remote ADD"),
        ("FROM scratch AS s\nADD a /", "must contain exactly one remote ADD"),
        ("FROM scratch AS s\nADD http://h/x http://h/y /d/", "must contain exactly one remote ADD"),
        ("FROM scratch AS t\nADD http://h/x /", "invalid SOURCE_DATE_EPOCH: s"),
    ],
)
def test_a_stage_that_is_more_than_a_source_has_no_time(
    desk: Desk, context: Callable[[str], str], stage: str, why: str
) -> None:
    with pytest.raises(LithifyError, match=why):
        _time(desk, context(f"{stage}\n{_COPY}"), "s")


def test_a_build_of_local_files_loads_nothing_that_speaks_to_servers(
    context: Callable[[str], str], tmp_path: object
) -> None:
    import subprocess

    program = (
        "import sys; from lithify.cli.main import main; "
        f"sys.argv[1:] = ['--root', {str(tmp_path)!r} + '/s', 'build', '-q', sys.argv[1]]; "
        "code = main(); "
        "print(code, [one for one in ('urllib.request', 'http', 'ssl', 'socket', 'tarfile', 'email') "
        "if one in sys.modules])"
    )
    directory = context("FROM scratch\nCOPY a /\n")
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, directory], capture_output=True, text=True, check=True
        ).stdout.splitlines()[-1]
        for _ in range(2)
    ]
    assert outputs[1] == "0 []"
