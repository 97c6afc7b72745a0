"""ADD of addresses and repositories in whole builds: what arrives, and what is asked again."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError, LithifyError, Secret
from lithify.requests import SecretSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Desk, Repository, Server

BODY = b"hello"
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


def _add(words: str) -> str:
    return f"FROM scratch\nADD {words}\n"


def test_a_file_arrives_under_its_name_with_its_server_s_time(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    url = server.route("/x/f.txt", BODY, Last_Modified=server.modified)
    server.route("/", BODY)
    text = f"FROM scratch\nADD {url} /d/\nADD {server.url} /d/\nADD --chmod=4755 {url} /named\n"
    found = desk.members(context(text))
    assert set(found) == {"d/f.txt", "d/__unnamed__", "named"}
    one = found["d/f.txt"][1]
    assert (one.mode, one.uid, one.gid, one.mtime) == (0o600, 0, 0, server.modified_s)
    assert found["d/__unnamed__"][1].mtime == 0
    assert found["named"][1].mode == 0o4755


def test_an_unchanged_file_costs_one_question(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    directory = context(_add(server.route("/f", BODY, ETag='"1"') + " /"))
    desk.build(directory)
    desk.build(directory)
    assert desk.cached() == 1
    assert server.log == [("GET", "/f"), ("HEAD", "/f")]
    server.route("/f", b"changed", ETag='"2"')
    assert desk.build(directory) == {"f": "changed"}
    assert desk.cached() == 0


def test_the_content_decides_not_the_address(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    one, other = server.route("/a/f", BODY), server.route("/b/f", BODY)
    desk.build(context(_add(f"{one} /")))
    desk.build(context(_add(f"{other} /")))
    assert desk.cached() == 1


def test_another_name_is_another_file(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    server.route("/a/", BODY)
    server.route("/b/", BODY)
    assert set(desk.build(context(_add(f"{server.url}/a/ /")))) == {"a"}
    assert set(desk.build(context(_add(f"{server.url}/b/ /")))) == {"b"}


def test_a_checksum_spares_every_question(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    url = server.route("/f", BODY, Last_Modified=server.modified)
    directory = context(_add(f"--checksum={DIGEST} {url} /"))
    first = desk.members(directory)["f"][1]
    server.routes.clear()
    again = desk.members(directory)["f"][1]
    assert desk.cached() == 1
    assert len(server.log) == 1
    assert first.mtime == again.mtime != server.modified_s


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        (f"sha256:{'0' * 64}", f"digest mismatch {DIGEST}: sha256:0000"),
        ("md5:abc", "unsupported digest algorithm"),
        ("abc", "invalid checksum digest format"),
        ("sha256:abc", "invalid checksum digest format"),
    ],
)
def test_a_wrong_checksum_is_refused(
    desk: Desk, server: Server, context: Callable[[str], str], flag: str, why: str
) -> None:
    url = server.route("/f", BODY)
    with pytest.raises(LithifyError, match=why):
        desk.build(context(_add(f"--checksum={flag} {url} /")))


def test_checksums_are_for_one_remote_source(desk: Desk, context: Callable[[str], str]) -> None:
    with pytest.raises(LithifyError, match="checksum can't be specified for multiple sources"):
        desk.build(context(_add(f"--checksum={DIGEST} http://h/a http://h/b /x/")))
    with pytest.raises(LithifyError, match=r"checksum requires HTTP\(S\) or Git sources"):
        desk.build(context(_add(f"--checksum={DIGEST} a /")))


def test_an_archive_is_unpacked_only_when_asked_for(
    desk: Desk, server: Server, context: Callable[[str], str], tar_of: Callable[..., bytes]
) -> None:
    url = server.route("/f.tar.gz", tar_of({"in/side": "S"}, "w:gz"))
    assert desk.build(context(_add(f"--unpack {url} /"))) == {"in/side": "S"}
    plain = server.route("/f.tar", tar_of({"side": "S"}))
    assert set(desk.build(context(_add(f"{plain} /")))) == {"f.tar"}
    assert set(desk.build(context(_add(f"--unpack=false {plain} /")))) == {"f.tar"}


def test_a_file_that_changes_between_naming_and_fetching_is_noticed(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    url = server.route("/f", BODY, ETag='"1"')
    desk.build(context(_add(f"{url} /")))
    # The server still says that nothing changed, but sends something else.
    server.route("/f", b"other", ETag='"1"')
    with pytest.raises(BuildError, match="changed while it was being built with"):
        desk.build(context(_add(f"{url} /elsewhere")))


def test_a_secret_opens_a_server(desk: Desk, server: Server, context: Callable[[str], str]) -> None:
    url = server.route("/f", BODY)
    secret = SecretSpec("HTTP_AUTH_TOKEN_127.0.0.1", value=Secret("hunter2"))
    desk.build(context(_add(f"{url} /")), secrets=(secret,))
    assert server.sent == ["Bearer hunter2"]


def test_a_build_argument_names_the_proxy(
    desk: Desk, server: Server, context: Callable[[str], str]
) -> None:
    server.route("http://example.invalid/f", BODY)
    directory = context(_add("http://example.invalid/f /"))
    given = {"proxies": (("HTTP_PROXY", "http://127.0.0.1:1"),)}
    with pytest.raises(BuildError, match="cannot download"):
        desk.build(directory, **given)
    build_args = (("HTTP_PROXY", server.url),)
    assert desk.build(directory, build_args=build_args, **given) == {"f": "hello"}


# -- git ------------------------------------------------------------------------------------------


def test_a_repository_is_added_as_its_files(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    url = repository.publish(server)
    text = f"FROM scratch\nADD {url} /all\nADD {url}#v1:sub /sub\nADD --chown=3:4 {url}#old /o/\n"
    found = desk.members(context(text))
    assert found["all/f"][0] == "two"
    assert set(found) >= {"sub/g", "sub/Dockerfile", "all/sub/g"}
    assert not any(".git" in name for name in found)
    assert (found["o/f"][0], found["o/f"][1].uid, found["o/f"][1].gid) == ("one", 3, 4)
    assert found["all/f"][1].mode == 0o644


def test_an_unchanged_repository_is_not_fetched_again(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    directory = context(_add(f"{repository.publish(server)} /"))
    desk.build(directory)
    server.asked.clear()
    desk.build(directory)
    assert desk.cached() == 1
    assert not any("objects" in path for _, path in server.log)
    repository.write("f", "three")
    repository.commit()
    repository.publish(server)
    assert desk.build(directory)["f"] == "three"


def test_a_right_checksum_keeps_the_cache_and_a_wrong_one_fails(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    url = repository.publish(server)
    commit = repository.git("rev-parse", "v1^{commit}")
    desk.build(context(_add(f"{url}#v1 /")))
    desk.build(context(_add(f"--checksum={commit[:12]} {url}#v1 /")))
    assert desk.cached() == 1
    for words in (f"--checksum={'0' * 40} {url}#v1", f"{url}?ref=v1&commit=0123"):
        with pytest.raises(BuildError, match="expected checksum to match"):
            desk.build(context(_add(f"{words} /")))
    with pytest.raises(LithifyError, match='invalid checksum "xyz": expected hex commit hash'):
        desk.build(context(_add(f"--checksum=xyz {url} /")))


def test_a_git_directory_is_added_when_asked_for(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    url = repository.publish(server)
    assert ".git/HEAD" in desk.members(context(_add(f"--keep-git-dir=true {url} /")))
    assert ".git/HEAD" in desk.members(context(_add(f"{url}?keep-git-dir /")))
    with pytest.raises(LithifyError, match="inconsistent keep-git-dir configuration"):
        desk.members(context(_add(f"--keep-git-dir=false {url}?keep-git-dir=1 /")))


def test_files_have_the_time_of_the_commit_when_asked_for(
    desk: Desk, server: Server, repository: Repository, context: Callable[[str], str]
) -> None:
    url = repository.publish(server)
    plain = desk.members(context(_add(f"{url} /")))["f"][1]
    dated = desk.members(context(_add(f"{url}?mtime=commit /")))["f"][1]
    assert dated.mtime == repository.committed_s != plain.mtime
