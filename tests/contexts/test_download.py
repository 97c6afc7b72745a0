"""Downloads: what is kept of an answer, and every way in which a server can disappoint."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest

from lithify.errors import BuildError, Cancelled, Secret
from lithify.executor.access import Access, Bounds
from lithify.executor.remote.download import Downloaded, download, is_current, url_name

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Server

BODY = b"hello from the server"
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
PLAIN = Access()


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


def test_a_download_is_private_and_dated_by_its_server(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY, Last_Modified=server.modified, ETag='"1"')
    got = download(f"{server.url}/f", tmp_path / "x", PLAIN, checksum=DIGEST)
    assert got == Downloaded(DIGEST, server.modified_s, '"1"', server.modified)
    status = (tmp_path / "x").stat()
    assert (status.st_mode & 0o7777, status.st_mtime) == (0o600, server.modified_s)
    assert (tmp_path / "x").read_bytes() == BODY


def test_without_a_time_a_file_is_as_old_as_time_itself(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY)
    assert download(f"{server.url}/f", tmp_path / "x", PLAIN).modified_s is None
    assert (tmp_path / "x").stat().st_mtime == 0


@pytest.mark.parametrize("time", ["yesterday", "", "Sun, 01 Jan 1950 00:00:00 GMT", "\x01"])
def test_a_time_that_is_none_is_not_believed(server: Server, tmp_path: Path, time: str) -> None:
    server.route("/f", BODY, Last_Modified=time)
    assert download(f"{server.url}/f", tmp_path / "x", PLAIN).modified_s is None


def _redirects(server: Server) -> None:
    for path, target in {
        "/to-file": "file:///etc/passwd",
        "/to-ftp": "ftp://127.0.0.1/x",
        "/to-nothing": "http://[",
        "/loop": "/loop",
        "/moved": "/f",
        "/moved-twice": f"{server.url}/moved",
    }.items():
        server.route(path, status=302, Location=target)
    server.route("/f", BODY)


@pytest.mark.parametrize("path", ["/f", "/moved", "/moved-twice", "/f?q=a b"])
def test_redirects_are_followed(server: Server, tmp_path: Path, path: str) -> None:
    _redirects(server)
    assert download(server.url + path, tmp_path / "x", PLAIN).digest == DIGEST


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/to-file", "redirects to file, which is not allowed"),
        ("/to-ftp", "redirects to ftp, which is not allowed"),
        ("/to-nothing", "Invalid IPv6"),
        ("/loop", "redirects more than 10 times"),
        ("/gone", "invalid response status 404"),
        ("/broken", "invalid response status 500"),
        ("/locked", "invalid response status 401"),
        ("/short", "the connection ended after 21 of 26 bytes"),
    ],
)
def test_a_download_that_goes_wrong_says_why(
    server: Server, tmp_path: Path, path: str, why: str
) -> None:
    _redirects(server)
    server.route("/broken", status=500)
    server.route("/locked", status=401)
    server.route("/short", BODY, Content_Length="26")
    with pytest.raises(BuildError, match=why):
        download(server.url + path, tmp_path / "x", PLAIN)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x"])
def test_other_schemes_and_dead_servers_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"cannot (download|read the address)"):
        download(url, tmp_path / "x", PLAIN)


@pytest.mark.parametrize("url", ["http://[::1/x", "http://h:99999/x", "http://", "http://h:a/"])
def test_an_address_that_is_none_is_the_users_error(url: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        download(url, tmp_path / "x", PLAIN)


def test_another_checksum_is_refused(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY)
    with pytest.raises(BuildError, match=f"digest mismatch {DIGEST}: sha256:0000"):
        download(f"{server.url}/f", tmp_path / "x", PLAIN, checksum="sha256:" + "0" * 64)


def test_a_server_that_falls_silent_is_given_up(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY, drip=5)
    access = Access(bounds=Bounds(silence_s=0.2))
    with pytest.raises(BuildError, match="silent for too long"):
        download(f"{server.url}/f", tmp_path / "x", access)


def test_a_download_that_takes_too_long_is_given_up(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY, drip=5)
    access = Access(bounds=Bounds(total_s=0.2))
    with pytest.raises(BuildError, match="took longer than 0.2 s"):
        download(f"{server.url}/f", tmp_path / "x", access)


def test_a_download_that_is_too_large_is_given_up(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY)
    with pytest.raises(BuildError, match="larger than 20 bytes"):
        download(f"{server.url}/f", tmp_path / "x", Access(bounds=Bounds(most_bytes=20)))


def test_a_stopped_build_stops_its_downloads(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY, drip=5)
    access = Access()
    threading.Timer(0.1, access.cancellation.cancel).start()
    with pytest.raises(Cancelled):
        download(f"{server.url}/f", tmp_path / "x", access)


# -- whether a file is still current --------------------------------------------------------------


def test_an_unchanged_file_is_asked_for_without_its_body(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY, ETag='"1"')
    got = download(f"{server.url}/f", tmp_path / "x", PLAIN)
    assert is_current(f"{server.url}/f", got, PLAIN)
    server.route("/f", b"new", ETag='"2"')
    assert not is_current(f"{server.url}/f", got, PLAIN)
    assert [method for method, _ in server.log] == ["GET", "HEAD", "HEAD"]


def test_a_file_without_validators_is_never_current(server: Server) -> None:
    assert not is_current(f"{server.url}/f", Downloaded(DIGEST), PLAIN)
    assert not server.log


@pytest.mark.parametrize(("sent", "is_kept"), [("00:00:01", False), ("00:00:02", True)])
def test_a_time_as_young_as_the_answer_proves_nothing(
    server: Server, tmp_path: Path, sent: str, is_kept: bool
) -> None:
    """The file may change once more within the second."""
    date = server.modified.replace("00:00:00", sent)
    server.route("/f", BODY, Last_Modified=server.modified, Date=date)
    got = download(f"{server.url}/f", tmp_path / "x", PLAIN)
    assert got.modified_s == server.modified_s
    assert got.last_modified == (server.modified if is_kept else "")


def test_a_description_survives_the_memory() -> None:
    known = Downloaded(DIGEST, 5, '"é"', "then")
    assert Downloaded.from_text(known.to_text()) == known


# -- credentials ----------------------------------------------------------------------------------


def test_a_secret_goes_to_its_host_only(
    server: Server, other_server: Server, tmp_path: Path
) -> None:
    host = server.url.removeprefix("http://")
    server.route("/f", status=302, Location=f"{other_server.url}/f")
    other_server.route("/f", BODY)
    access = Access(secrets={f"HTTP_AUTH_TOKEN_{host}": Secret("hunter2\n")})
    download(f"{server.url}/f", tmp_path / "x", access)
    assert server.sent == ["Bearer hunter2"]
    assert other_server.sent == [None]


def test_a_header_secret_is_sent_as_it_is(server: Server, tmp_path: Path) -> None:
    server.route("/f", BODY)
    access = Access(secrets={"HTTP_AUTH_HEADER_127.0.0.1": Secret("Basic abc")})
    download(f"{server.url}/f", tmp_path / "x", access)
    assert server.sent == ["Basic abc"]


def test_a_user_of_the_address_is_not_sent_elsewhere(
    server: Server, other_server: Server, tmp_path: Path
) -> None:
    server.route("/f", status=302, Location=f"{other_server.url}/f")
    other_server.route("/f", BODY)
    download(server.url.replace("//", "//u:p%40@") + "/f", tmp_path / "x", PLAIN)
    assert server.sent == ["Basic dTpwQA=="]
    assert other_server.sent == [None]


def test_a_secret_cannot_smuggle_a_header(server: Server, tmp_path: Path) -> None:
    access = Access(secrets={"HTTP_AUTH_TOKEN_127.0.0.1": Secret("a\r\nX: y")})
    with pytest.raises(BuildError, match="no header can carry") as caught:
        download(f"{server.url}/f", tmp_path / "x", access)
    assert "X: y" not in str(caught.value)


def test_credentials_do_not_show_in_errors(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        download("http://user:hunter2@127.0.0.1:1/x?token=hunter3", tmp_path / "x", PLAIN)
    assert "hunter" not in str(caught.value)


# -- proxies --------------------------------------------------------------------------------------


def test_a_proxy_is_asked_for_what_is_not_on_this_machine(server: Server, tmp_path: Path) -> None:
    server.route("http://example.invalid/f", BODY)
    access = Access(proxies={"HTTP_PROXY": server.url.replace("//", "//u:p@")})
    assert download("http://example.invalid/f", tmp_path / "x", access).digest == DIGEST
    (_, _, headers) = server.asked[0]
    assert headers["Host"] == "example.invalid"
    assert headers["Proxy-Authorization"] == "Basic dTpw"


@pytest.mark.parametrize("exceptions", ["*", "127.0.0.0/8", "localhost,127.0.0.1", ""])
def test_this_machine_is_never_asked_through_a_proxy(
    server: Server, tmp_path: Path, exceptions: str
) -> None:
    server.route("/f", BODY)
    access = Access(proxies={"http_proxy": "http://127.0.0.1:1", "no_proxy": exceptions})
    assert download(f"{server.url}/f", tmp_path / "x", access).digest == DIGEST


@pytest.mark.parametrize(
    ("exceptions", "is_direct"),
    [
        ("invalid", True),
        (".invalid", True),
        ("*.invalid", True),
        ("example.invalid:80", True),
        ("example.invalid:81", False),
        ("ample.invalid", False),
        ("valid, example.com", False),
    ],
)
def test_exceptions_from_proxies_are_whole_domains(
    server: Server, tmp_path: Path, exceptions: str, is_direct: bool
) -> None:
    server.route("http://example.invalid:80/f", BODY)
    access = Access(proxies={"http_proxy": server.url, "no_proxy": exceptions})
    if is_direct:  # a name that no network knows
        with pytest.raises(BuildError, match="cannot download"):
            download("http://example.invalid:80/f", tmp_path / "x", access)
    else:
        assert download("http://example.invalid:80/f", tmp_path / "x", access).digest == DIGEST


# -- https ----------------------------------------------------------------------------------------


def test_https_falls_back_to_http_only_with_a_checksum(
    server: Server, secure_server: Server, tmp_path: Path
) -> None:
    server.route("/f", BODY)
    access = Access(secrets={"HTTP_AUTH_TOKEN_127.0.0.1": Secret("hunter2")})
    secure_server.route("/f", status=301, Location=f"{server.url}/f")
    with pytest.raises(BuildError, match="redirects from https to http"):
        download(f"{secure_server.url}/f", tmp_path / "x", access)
    assert not server.asked
    download(f"{secure_server.url}/f", tmp_path / "x", access, checksum=DIGEST)
    assert server.sent == [None]


def test_a_certificate_of_somebody_else_is_refused(
    secure_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    with pytest.raises(BuildError, match="certificate"):
        download(f"{secure_server.url}/f", tmp_path / "x", PLAIN)
