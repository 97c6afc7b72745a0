"""ADD of addresses and repositories, against a server and a repository of this machine."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from lithify.compiler.plan import GitSource, UrlSource
from lithify.errors import BuildError
from lithify.executor.ops import git
from lithify.executor.ops.fetch import fetch_url, url_name
from lithify.executor.ops.remote import Remotes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = b"hello from the server"
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        places = {
            "/to-file": "file:///etc/passwd",
            "/to-ftp": "ftp://127.0.0.1/x",
            "/loop": "/loop",
            "/moved": "/f.txt",
        }
        if self.path in places:
            self.send_response(302)
            self.send_header("Location", places[self.path])
            self.end_headers()
        elif self.path == "/short":
            self._answer(len(BODY) + 5)
        elif self.path == "/gone":
            self.send_error(404)
        else:
            self._answer(len(BODY))

    def _answer(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Nothing on the tests' output."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a/b.txt", "b.txt"),
        ("http://h/a/b%20c?q=/x#f", "b c"),
        ("http://h/dir/", "dir"),
        ("http://h", "__unnamed__"),
        ("http://h/", "__unnamed__"),
        ("http://h/a/..", "__unnamed__"),
        ("http://h/%2e%2e", "__unnamed__"),
        ("http://h/%2fetc%2fpasswd", "passwd"),
    ],
)
def test_an_address_names_its_file_by_its_last_part(url: str, name: str) -> None:
    assert url_name(url) == name


@pytest.mark.parametrize("path", ["/f.txt", "/moved"])
def test_a_download_is_private_and_named_by_its_digest(
    server: str, tmp_path: Path, path: str
) -> None:
    assert fetch_url(UrlSource(server + path, DIGEST), tmp_path / "x") == DIGEST
    assert (tmp_path / "x").read_bytes() == BODY
    assert (tmp_path / "x").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/gone", "the server answered 404"),
        ("/to-file", "answered 302"),
        ("/to-ftp", "redirects to ftp"),
        ("/loop", "answered 302|infinite loop"),
        ("/short", "ended after 21 of 26 bytes"),
    ],
)
def test_a_download_that_goes_wrong_says_why(
    server: str, tmp_path: Path, path: str, why: str
) -> None:
    with pytest.raises(BuildError, match=why):
        fetch_url(UrlSource(server + path), tmp_path / "x")


def test_another_checksum_is_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=f"digest mismatch {DIGEST}: sha256:0000"):
        fetch_url(UrlSource(server + "/f", "sha256:" + "0" * 64), tmp_path / "x")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x"])
def test_other_schemes_and_dead_servers_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot download"):
        fetch_url(UrlSource(url), tmp_path / "x")


def test_credentials_do_not_show_in_errors(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        fetch_url(UrlSource("http://user:hunter2@127.0.0.1:1/x?token=hunter3"), tmp_path / "x")
    assert "hunter" not in str(caught.value)


def test_a_remote_file_is_fetched_once_and_removed_at_the_end(server: str, tmp_path: Path) -> None:
    remotes = Remotes(tmp_path)
    source = UrlSource(f"{server}/dir/f.txt")
    assert remotes.content(source) == DIGEST
    (match,) = remotes.select(source).matches
    assert (match.name, match.nodes[0].stat.mode & 0o7777) == ("f.txt", 0o600)
    assert len(list(tmp_path.iterdir())) == 1
    remotes.close()
    assert not list(tmp_path.iterdir())


def test_a_known_checksum_needs_no_download(tmp_path: Path) -> None:
    assert Remotes(tmp_path).content(UrlSource("http://127.0.0.1:1/x", DIGEST)) == DIGEST
    assert not list(tmp_path.iterdir())


# -- git ------------------------------------------------------------------------------------------

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs the git program")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch=main")
    (root / "f").write_text("one")
    (root / "sub").mkdir()
    (root / "sub/g").write_text("G")
    _git(root, "add", ".")
    _git(root, "commit", "--quiet", "-m", "first")
    _git(root, "tag", "-a", "v1", "-m", "v1")
    (root / "f").write_text("two")
    _git(root, "commit", "--quiet", "-am", "second")
    return root


def _git(root: Path, *words: str) -> str:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(root), *settings, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _check_out(source: GitSource, directory: Path) -> str:
    directory.mkdir()
    return git.check_out(source, directory, protocols="file")


@needs_git
@pytest.mark.parametrize(
    ("ref", "content"), [("", "two"), ("main", "two"), ("v1", "one"), ("refs/tags/v1", "one")]
)
def test_a_reference_is_checked_out(
    repository: Path, tmp_path: Path, ref: str, content: str
) -> None:
    commit = _check_out(GitSource(str(repository), ref), tmp_path / "out")
    assert (tmp_path / "out/f").read_text() == content
    assert commit == _git(repository, "rev-parse", f"{ref or 'HEAD'}^{{commit}}")


@needs_git
def test_a_commit_is_checked_out_by_its_hash(repository: Path, tmp_path: Path) -> None:
    commit = _git(repository, "rev-parse", "main~1")
    assert _check_out(GitSource(str(repository), commit), tmp_path / "out") == commit
    assert (tmp_path / "out/f").read_text() == "one"


@needs_git
def test_a_checksum_must_begin_the_commit(repository: Path, tmp_path: Path) -> None:
    commit = _git(repository, "rev-parse", "main")
    _check_out(GitSource(str(repository), "main", checksum=commit[:10]), tmp_path / "out")
    with pytest.raises(BuildError, match="expected checksum to match 0000000"):
        _check_out(GitSource(str(repository), "main", checksum="0000000"), tmp_path / "other")


@needs_git
def test_an_unknown_reference_is_named(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="repository does not contain ref nope"):
        _check_out(GitSource(str(repository), "nope"), tmp_path / "out")


@needs_git
@pytest.mark.parametrize("url", ["--upload-pack=touch x", "ext::touch x", "/tmp"])
def test_an_address_is_never_an_option_or_a_command(tmp_path: Path, url: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(BuildError, match="cannot check out"):
        git.check_out(GitSource(url), tmp_path / "out")
    assert not (tmp_path / "out/x").exists()


@needs_git
def test_files_of_a_repository_come_without_its_git_directory(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(git.check_out.__kwdefaults__, "protocols", "file")
    (tmp_path / "tmp").mkdir()
    remotes = Remotes(tmp_path / "tmp")

    def paths(source: GitSource) -> set[str]:
        (match,) = remotes.select(source).matches
        return {node.path for node in match.nodes}

    assert paths(GitSource(str(repository))) == {"", "f", "sub", "sub/g"}
    assert paths(GitSource(str(repository), subdir="sub")) == {"", "g"}
    assert ".git/HEAD" in paths(GitSource(str(repository), keep_git_dir=True))
    with pytest.raises(BuildError, match="not found"):
        paths(GitSource(str(repository), subdir="none"))
    with pytest.raises(BuildError, match="it is no directory"):
        paths(GitSource(str(repository), subdir="f"))
    remotes.close()


def test_without_git_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="there is no git program") as caught:
        git.check_out(GitSource("https://u:secret@example.com/x.git"), tmp_path)
    assert "secret" not in str(caught.value)
