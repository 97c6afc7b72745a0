"""What PATH, URL, - and --file mean, and every kind of named context, in whole builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import GitSource, UrlSource
from lithify.contexts import parse_contexts, remote_source
from lithify.errors import BuildError, LithifyError, SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Desk, Repository, Server

_ALL = "FROM scratch\nCOPY . /\n"


# -- standard input -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_on_standard_input_is_the_context(
    desk: Desk, tar_of: Callable[..., bytes], kind: str
) -> None:
    files = {"Dockerfile": _ALL, ".dockerignore": "a\n", "a": "A"}
    assert desk.build("-", tar_of(files, kind)) == files


def test_the_same_files_give_the_same_layer_however_they_come(
    desk: Desk, tar_of: Callable[..., bytes], context: Callable[[str], str]
) -> None:
    directory = context(_ALL)
    desk.build(directory)
    desk.build("-", tar_of({"Dockerfile": _ALL, "a": "A"}, "w:gz"))
    assert desk.cached() == 1


def test_a_dockerfile_may_be_deep_inside_a_tar(desk: Desk, tar_of: Callable[..., bytes]) -> None:
    files = {"x/y.Dockerfile": "FROM scratch\nCOPY a /b\n", "a": "A"}
    assert desk.build("-", tar_of(files), dockerfile="x/y.Dockerfile") == {"b": "A"}
    with pytest.raises(SourceError, match="open Dockerfile: no such file or directory"):
        desk.build("-", tar_of(files))


def test_a_lower_case_dockerfile_is_found(desk: Desk, tar_of: Callable[..., bytes]) -> None:
    assert desk.build("-", tar_of({"dockerfile": "FROM scratch\nCOPY . /x/\n"}))


def test_text_on_standard_input_is_a_dockerfile_without_context(desk: Desk) -> None:
    assert desk.build("-", b"FROM scratch\nCOPY <<x /f\nhi\nx\n") == {"f": "hi\n"}
    with pytest.raises(BuildError, match="not found"):
        desk.build("-", b"FROM scratch\nCOPY f /f\n")
    with pytest.raises(UsageError, match="ambiguous Dockerfile source"):
        desk.build("-", b"FROM scratch\n", dockerfile="x")
    with pytest.raises(UsageError, match="cannot both be standard input"):
        desk.build("-", b"FROM scratch\n", dockerfile="-")
    with pytest.raises(BuildError, match="neither a Dockerfile nor a tar archive"):
        desk.build("-", b"\0FROM scratch\n")


def test_a_dockerfile_on_standard_input_has_the_directory_as_context(
    desk: Desk, context: Callable[[str], str]
) -> None:
    directory = context("FROM nothing")
    assert desk.build(directory, b"FROM scratch\nCOPY a /b\n", dockerfile="-") == {"b": "A"}


def test_a_directory_that_is_none_is_said_so(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="unable to prepare context: path .* is not a directory"):
        desk.build(str(tmp_path / "none"))


# -- http -----------------------------------------------------------------------------------------


def test_an_archive_at_an_address_is_the_context(
    desk: Desk, server: Server, tar_of: Callable[..., bytes]
) -> None:
    files = {"Dockerfile": _ALL, ".dockerignore": "*", "a": "A", "in": "FROM scratch\nCOPY a /\n"}
    url = server.route("/c?v=1", tar_of(files, "w:gz"))
    assert desk.build(url) == files
    assert desk.build(url, dockerfile="in") == {"a": "A"}
    assert desk.build(url, b"FROM scratch\nCOPY a /b\n", dockerfile="-") == {"b": "A"}


def test_an_absolute_dockerfile_is_the_client_s_own(
    desk: Desk, server: Server, tar_of: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("FROM scratch\nCOPY a /mine\n")
    url = server.route("/c", tar_of({"a": "A"}))
    assert desk.build(url, dockerfile=str(tmp_path / "mine")) == {"mine": "A"}


def test_text_at_an_address_is_the_dockerfile_and_the_whole_context(
    desk: Desk, server: Server
) -> None:
    url = server.route("/Dockerfile", _ALL.encode())
    assert desk.build(url) == {"context": _ALL}


def test_a_dockerfile_may_be_at_an_address(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    url = server.route("/d", b"FROM scratch\nCOPY a /b\n")
    assert desk.build(context("FROM nothing"), dockerfile=url) == {"b": "A"}


def test_a_context_that_is_not_there_is_the_users_error(desk: Desk, server: Server) -> None:
    with pytest.raises(BuildError, match="invalid response status 404"):
        desk.build(f"{server.url}/none")


# -- git ------------------------------------------------------------------------------------------


def test_a_repository_is_the_context(desk: Desk, server: Server, repository: Repository) -> None:
    repository.write(".dockerignore", "*")
    repository.commit()
    url = repository.publish(server)
    assert desk.build(url)["f"] == "two"
    assert desk.build(f"{url}#old")["f"] == "one"
    assert set(desk.build(f"{url}#v1:sub")) == {"g", "Dockerfile"}
    assert set(desk.build(f"{url}?ref=v1&subdir=sub")) == {"g", "Dockerfile"}


def test_a_git_directory_is_kept_when_asked_for(
    desk: Desk, server: Server, repository: Repository
) -> None:
    url = repository.publish(server)
    assert ".git/HEAD" not in desk.build(url)
    assert ".git/HEAD" in desk.build(url, build_args=(("BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1"),))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("git@h.x:u/r", GitSource("git@h.x:u/r")),
        ("git@h.x:u/r.git#b:d", GitSource("git@h.x:u/r.git", "b", "d")),
        ("git://h/r", GitSource("git://h/r")),
        ("ssh://h/r#b", GitSource("ssh://h/r", "b")),
        ("https://h/r.git?tag=v1", GitSource("https://h/r.git", "refs/tags/v1")),
        ("github.com/u/r", GitSource("https://github.com/u/r.git")),
        ("github.com/u/r.git#b:d", GitSource("https://github.com/u/r.git", "b", "d")),
        ("github.com/u/r/?branch=b", GitSource("https://github.com/u/r.git", "refs/heads/b")),
        ("https://h/r", UrlSource("https://h/r")),
        ("https://h/r.git/", UrlSource("https://h/r.git/")),
        ("./x", None),
        ("foo.git", None),
        ("h.x/a.git", None),
    ],
)
def test_addresses_are_told_apart(text: str, source: GitSource | UrlSource | None) -> None:
    assert remote_source(text) == source


def test_a_wrong_query_is_wrong_use() -> None:
    with pytest.raises(UsageError, match='unexpected query "x"'):
        remote_source("https://h/r.git?x=1")


# -- named contexts -------------------------------------------------------------------------------


def test_a_named_context_may_be_a_repository(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    url = repository.publish(server)
    directory = context("FROM scratch\nCOPY --from=code sub/g /g\n")
    named = (("code", f"{url}#v1"),)
    assert desk.build(directory, build_contexts=named) == {"g": "G"}
    assert set(desk.build(context("FROM code\n"), build_contexts=named)) >= {"f", "sub/g"}


def test_a_named_context_at_an_address_is_a_file_called_context(
    desk: Desk, server: Server, context: Callable[[str], str], tar_of: Callable[..., bytes]
) -> None:
    url = server.route("/some/file.tar", tar_of({"a": "B"}))
    directory = context("FROM scratch\nCOPY --from=file . /\nCOPY --from=file context /named\n")
    found = desk.build(directory, build_contexts=(("file", url),))
    assert set(found) == {"context", "named"}
    members = desk.members(directory, build_contexts=(("file", url),))
    assert members["named"][1].mode == 0o600


def test_a_named_context_replaces_a_stage(desk: Desk, context: Callable[[str], str]) -> None:
    text = "FROM nowhere AS code\nRUN false\nFROM scratch\nCOPY --from=code a /b\n"
    directory = context(text)
    assert desk.build(directory, build_contexts=(("code", directory),)) == {"b": "A"}


def test_scratch_is_an_image_without_files(desk: Desk, context: Callable[[str], str]) -> None:
    named = (("base", "docker-image://scratch"),)
    assert desk.build(context("FROM base\nCOPY a /\n"), build_contexts=named) == {"a": "A"}


def test_a_context_that_nothing_uses_is_never_touched(
    desk: Desk, context: Callable[[str], str]
) -> None:
    named = (("x", "http://127.0.0.1:1/x"), ("y", "/nowhere"), ("z", "target:nothing"))
    assert desk.build(context("FROM scratch\nCOPY a /\n"), build_contexts=named) == {"a": "A"}


def test_a_platform_s_own_context_goes_first(desk: Desk, context: Callable[[str], str]) -> None:
    directory = context("FROM scratch\nCOPY --from=x a /\n")
    named = (("x", "/nowhere"), ("x::linux/amd64", directory))
    built = desk.build(directory, build_contexts=named, platforms=("linux/amd64",))
    assert built == {"a": "A"}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Upper Case", "/x", "invalid context name Upper Case"),
        ("x", "ftp://h/x", "unsupported context source ftp for x"),
        ("x", "docker-image://", "invalid context specifier docker-image:// for x"),
        ("x", "target:", "invalid context specifier target: for x"),
        ("x", "https://h/r.git?ref=", 'query "ref" has no value'),
    ],
)
def test_a_named_context_that_means_nothing_is_refused(name: str, value: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_contexts(((name, value),))
    assert why in str(caught.value)


# -- targets --------------------------------------------------------------------------------------

_TARGETS = """\
FROM scratch AS tools
COPY a /t

FROM base AS app
COPY --from=tools /t /t

FROM scratch AS prep
ENV X=prep
COPY a /prep
ONBUILD COPY a /triggered

FROM app
COPY --from=app /t /last-$X
"""


def test_a_target_of_the_file_is_a_base_with_its_config_and_triggers(
    desk: Desk, context: Callable[[str], str]
) -> None:
    named = (("base", "target:prep"),)
    assert set(desk.build(context(_TARGETS), build_contexts=named)) == {
        "prep", "triggered", "t", "last-prep",
    }  # fmt: skip


def test_a_target_may_replace_a_stage_and_an_image_to_copy_from(
    desk: Desk, context: Callable[[str], str]
) -> None:
    text = "FROM no AS y\nFROM scratch AS x\nCOPY --from=img prep /p\nCOPY --from=y prep /q\n"
    text += "FROM scratch AS prep\nCOPY a /prep\n"
    named = (("img", "target:prep"), ("y", "target:PREP"))
    built = desk.build(context(text), build_contexts=named, target="x")
    assert built == {"p": "A", "q": "A"}


def test_a_target_does_not_stand_for_itself(desk: Desk, context: Callable[[str], str]) -> None:
    """For the target, its own name means what it would without the context."""
    text = "FROM scratch AS base\nCOPY a /a\nFROM base\nCOPY a /b\n"
    built = desk.build(context(text), build_contexts=(("base", "target:base"),))
    assert built == {"a": "A", "b": "A"}


def test_a_target_that_is_not_there_is_named(desk: Desk, context: Callable[[str], str]) -> None:
    with pytest.raises(LithifyError, match='target stage "none" could not be found'):
        desk.build(context("FROM x\nCOPY a /\n"), build_contexts=(("x", "target:none"),))
