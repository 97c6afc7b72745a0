"""Check-outs: what a reference means, what arrives, and that a repository stays a stranger."""

from __future__ import annotations

import json
import os
import re
import socket
from typing import TYPE_CHECKING

import pytest

from lithify.cache.store import Store
from lithify.compiler.plan import GitSource
from lithify.errors import BuildError, Secret
from lithify.executor.access import Access, Bounds
from lithify.executor.remote import git
from lithify.executor.remote.gitprogram import GitProgram
from lithify.executor.remote.sources import Remotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Repository, Server

LOCAL = Access(git_protocols=("file",))


def _check_out(source: GitSource, directory: Path, access: Access = LOCAL) -> git.CheckOut:
    directory.mkdir()
    return git.check_out(source, git.find_revision(source, access), directory, access)


@pytest.mark.parametrize(
    ("ref", "content"),
    [
        ("", "two"),
        ("main", "two"),
        ("heads/main", "two"),
        ("old", "one"),
        ("v1", "one"),
        ("refs/tags/v1", "one"),
    ],
)
def test_a_reference_is_checked_out(
    repository: Repository, tmp_path: Path, ref: str, content: str
) -> None:
    done = _check_out(GitSource(str(repository.root), ref), tmp_path / "out")
    assert (tmp_path / "out/f").read_text() == content
    assert not (tmp_path / "out/.git").exists()
    commit = repository.git("rev-parse", f"{ref or 'HEAD'}^{{commit}}")
    assert done == git.CheckOut(commit, repository.committed_s)


def test_a_tag_goes_before_a_branch_of_its_name(repository: Repository, tmp_path: Path) -> None:
    repository.git("branch", "v1", "main")
    _check_out(GitSource(str(repository.root), "v1"), tmp_path / "out")
    assert (tmp_path / "out/f").read_text() == "one"


def test_a_commit_is_checked_out_by_its_hash_without_a_question(
    repository: Repository, tmp_path: Path
) -> None:
    commit = repository.git("rev-parse", "main~1")
    assert git.find_revision(GitSource("/nowhere", commit), LOCAL).commit == commit
    assert _check_out(GitSource(str(repository.root), commit), tmp_path / "out").commit == commit
    assert (tmp_path / "out/f").read_text() == "one"


@pytest.mark.parametrize("ref", ["nope", "ain", "heads/nope"])
def test_an_unknown_reference_is_named(repository: Repository, ref: str) -> None:
    with pytest.raises(BuildError, match=f"repository does not contain ref {ref}"):
        git.find_revision(GitSource(str(repository.root), ref), LOCAL)


def test_a_short_commit_is_no_reference(repository: Repository) -> None:
    short = repository.git("rev-parse", "--short", "main")
    with pytest.raises(BuildError, match=f"repository does not contain ref {short}"):
        git.find_revision(GitSource(str(repository.root), short), LOCAL)


@pytest.mark.parametrize("ref", ["main", "v1"])
def test_a_checksum_must_begin_the_commit_or_the_tag(repository: Repository, ref: str) -> None:
    for name in (ref, f"{ref}^{{commit}}"):
        right = repository.git("rev-parse", name)[:10]
        git.find_revision(GitSource(str(repository.root), ref, checksum=right.upper()), LOCAL)
    with pytest.raises(BuildError, match="expected checksum to match 0000000"):
        git.find_revision(GitSource(str(repository.root), ref, checksum="0000000"), LOCAL)


def test_a_branch_that_moved_meanwhile_is_noticed(repository: Repository, tmp_path: Path) -> None:
    source = GitSource(str(repository.root), "main")
    revision = git.find_revision(source, LOCAL)
    repository.git("reset", "--quiet", "--hard", "main~1")
    repository.git("reflog", "expire", "--expire=now", "--all")
    (tmp_path / "out").mkdir()
    with pytest.raises(BuildError, match="does not contain commit .* of main any more"):
        git.check_out(source, revision, tmp_path / "out", LOCAL)


def test_a_kept_git_directory_works_and_holds_no_time(
    repository: Repository, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        _check_out(GitSource(str(repository.root), keep_git_dir=True), tmp_path / name)
    index = [(tmp_path / name / ".git/index").read_bytes() for name in ("a", "b")]
    assert index[0] == index[1]
    assert not (tmp_path / "a/.git/logs").exists()
    done = repository.git("-C", str(tmp_path / "a"), "status", "--porcelain")
    assert done == ""


def test_submodules_come_along_unless_they_are_off(repository: Repository, tmp_path: Path) -> None:
    repository.git("submodule", "--quiet", "add", str(repository.root), "inner")
    repository.commit()
    _check_out(GitSource(str(repository.root)), tmp_path / "with")
    _check_out(GitSource(str(repository.root), submodules=False), tmp_path / "without")
    assert (tmp_path / "with/inner/f").read_text() == "two"
    assert not (tmp_path / "with/inner/.git").exists()
    assert not list((tmp_path / "without/inner").iterdir())


def test_a_sha256_repository_is_checked_out(tmp_path: Path) -> None:
    access = LOCAL
    root = tmp_path / "origin"
    root.mkdir()
    program = GitProgram(GitSource(str(root)), access, root)
    program.run("init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    (root / "f").write_text("long")
    program.run("add", "f")
    program.run("-c", "user.name=t", "-c", "user.email=t@e", "commit", "--quiet", "-m", "x")
    assert len(_check_out(GitSource(str(root)), tmp_path / "out").commit) == 64
    assert (tmp_path / "out/f").read_text() == "long"


@pytest.mark.parametrize("url", ["--upload-pack=touch x", "ext::touch x", "/tmp"])
def test_an_address_is_never_an_option_or_a_command(tmp_path: Path, url: str) -> None:
    with pytest.raises(BuildError, match="cannot check out"):
        git.find_revision(GitSource(url), Access())
    assert not list(tmp_path.iterdir())


def test_a_repository_s_hooks_and_filters_do_not_run(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f'[filter "evil"]\n\tsmudge = touch {tmp_path}/ran; cat\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    repository.write(".gitattributes", "* filter=evil\n")
    repository.commit()
    _check_out(GitSource(str(repository.root)), tmp_path / "out")
    assert not (tmp_path / "ran").exists()


def test_without_git_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="there is no git program") as caught:
        git.find_revision(GitSource("https://u:secret@example.com/x.git"), Access())
    assert "secret" not in str(caught.value)


# -- over the network -----------------------------------------------------------------------------


def test_a_plain_file_server_is_enough(
    repository: Repository, server: Server, tmp_path: Path
) -> None:
    url = repository.publish(server)
    _check_out(GitSource(url, "v1"), tmp_path / "out", Access())
    assert (tmp_path / "out/f").read_text() == "one"


def test_a_token_goes_to_the_repository_s_server_only(server: Server, tmp_path: Path) -> None:
    host = server.url.removeprefix("http://")
    secrets = {f"GIT_AUTH_TOKEN.{host}": Secret("hunter2"), "GIT_AUTH_TOKEN": Secret("other")}
    with pytest.raises(BuildError, match="cannot check out"):
        git.find_revision(GitSource(f"{server.url}/r.git"), Access(secrets=secrets))
    assert set(server.sent) == {"Basic eC1hY2Nlc3MtdG9rZW46aHVudGVyMg=="}


def test_a_header_is_sent_as_it_is(server: Server) -> None:
    access = Access(secrets={"GIT_AUTH_HEADER": Secret("Bearer x")})
    with pytest.raises(BuildError):
        git.find_revision(GitSource(f"{server.url}/r.git"), access)
    assert set(server.sent) == {"Bearer x"}


def test_credentials_do_not_show_in_complaints(server: Server) -> None:
    address = server.url.replace("//", "//user:hunter2@")
    server.route("/r.git/info/refs", status=401, WWW_Authenticate='Basic realm="x"')
    with pytest.raises(BuildError) as caught:
        git.find_revision(GitSource(f"{address}/r.git"), Access())
    assert "hunter2" not in str(caught.value)
    assert "GIT_AUTH_TOKEN" in caught.value.hint


def test_a_server_that_does_not_answer_is_given_up(server: Server) -> None:
    server.route("/r.git/info/refs", b"001e", drip=2, Content_Length="4000")
    access = Access(bounds=Bounds(total_s=0.3))
    with pytest.raises(BuildError, match="git took longer than 0.3 s"):
        git.find_revision(GitSource(f"{server.url}/r.git"), access)


@pytest.fixture
def fake_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh that notes its arguments and fails; git finds it beside its own program."""
    tools = tmp_path / "tools"
    tools.mkdir()
    real = os.path.realpath("/usr/bin/git")
    (tools / "git").write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    (tools / "ssh").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit 1\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    return tmp_path / "asked"


def test_ssh_uses_the_agent_and_asks_nobody(fake_ssh: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(tmp_path / "agent"))
        access = Access(ssh_agents={"default": tmp_path / "agent"})
        with pytest.raises(BuildError, match="cannot check out git@h:x"):
            git.find_revision(GitSource("git@h:x"), access)
    words = fake_ssh.read_text().splitlines()[-1]
    assert f"-oIdentityAgent={tmp_path}/agent" in words
    assert "-oStrictHostKeyChecking=yes" in words
    assert "-oBatchMode=yes" in words


def test_ssh_may_use_a_key_and_without_one_uses_none(fake_ssh: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k")
    for access in (Access(ssh_agents={"default": tmp_path / "key"}), Access()):
        with pytest.raises(BuildError):
            git.find_revision(GitSource("ssh://git@h/x"), access)
    first, *_, last = (line for line in fake_ssh.read_text().splitlines() if " -G " not in line)
    assert re.search(rf"-i {tmp_path}/key\b", first)
    assert "-oIdentityAgent=none -oIdentityFile=none" in last


def test_a_missing_agent_is_the_users_error(tmp_path: Path) -> None:
    access = Access(ssh_agents={"default": tmp_path / "none"})
    with pytest.raises(BuildError, match="cannot use the ssh agent"):
        git.find_revision(GitSource("git@h:x"), access)


# -- as sources -----------------------------------------------------------------------------------


@pytest.fixture
def remotes(tmp_path: Path) -> Iterator[Remotes]:
    with Store.open(tmp_path / "store", clock=lambda: 0.0) as store:
        made = Remotes(store, LOCAL)
        yield made
        made.close()
        assert not list(store.tmp_dir().iterdir())


def _paths(remotes: Remotes, source: GitSource) -> set[str]:
    (match,) = remotes.select(source).matches
    return {node.path for node in match.nodes}


def test_a_sub_directory_is_all_there_is(remotes: Remotes, repository: Repository) -> None:
    url = str(repository.root)
    assert _paths(remotes, GitSource(url)) == {
        "", "f", "Dockerfile", "sub", "sub/g", "sub/Dockerfile",
    }  # fmt: skip
    assert _paths(remotes, GitSource(url, subdir="sub")) == {"", "g", "Dockerfile"}
    assert ".git/HEAD" in _paths(remotes, GitSource(url, keep_git_dir=True))
    with pytest.raises(BuildError, match="not found"):
        remotes.select(GitSource(url, subdir="none"))
    for use in (remotes.select, remotes.tree):
        with pytest.raises(BuildError, match="it is no directory"):
            use(GitSource(url, subdir="f"))


def test_a_sub_directory_cannot_leave_the_repository(
    remotes: Remotes, repository: Repository
) -> None:
    (repository.root / "out").symlink_to("/etc")
    (repository.root / "in").symlink_to("/sub")
    repository.commit()
    url = str(repository.root)
    with remotes.tree(GitSource(url, subdir="in")) as tree:
        assert [name for name, _ in tree.scan("")] == ["Dockerfile", "g"]
    with pytest.raises(BuildError, match="it is no directory"):
        remotes.tree(GitSource(url, subdir="out"))


def test_a_repository_is_named_by_commit_without_fetching_it(
    remotes: Remotes, repository: Repository
) -> None:
    source = GitSource(str(repository.root), "v1")
    named = json.loads(remotes.content(source))
    assert named[0] == repository.git("rev-parse", "v1^{commit}")
    other = GitSource(str(repository.root), "v1", submodules=False)
    assert remotes.content(other) != remotes.content(source)
    assert remotes.time_s(source) == repository.committed_s
