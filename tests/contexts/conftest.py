"""Owns the strangers of these tests: HTTP servers and git repositories on this machine's loopback, and an engine.

A server answers from a dictionary of routes and keeps a log of what it was asked.
"""

from __future__ import annotations

import io
import shutil
import ssl
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.requests import BuildRequest, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_MODIFIED_S = 978307200


@dataclass
class Route:
    """One answer; `drip` sends that many bytes and then stays silent until the test is over."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: int | None = None


class Server:
    """Routes by path, and what was asked: (method, path, headers)."""

    #: A time for Last-Modified, and the same in seconds.
    modified = "Mon, 01 Jan 2001 00:00:00 GMT"
    modified_s = _MODIFIED_S

    def __init__(self, url: str) -> None:
        self.url = url
        self.routes: dict[str, Route] = {}
        self.folder: Path | None = None
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.over = threading.Event()

    def route(
        self,
        path: str,
        body: bytes = b"",
        status: int = 200,
        drip: int | None = None,
        **headers: str,
    ) -> str:
        """Answer a path from now on (`_` in the names of headers is `-`); its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.routes[path] = Route(body, status, named, drip)
        return self.url + path

    @property
    def sent(self) -> list[str | None]:
        """The credentials of every question."""
        return [headers.get("Authorization") for _, _, headers in self.asked]

    @property
    def log(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.asked]

    def find(self, path: str) -> Route:
        plain = path.partition("?")[0]
        if path in self.routes or plain in self.routes:
            return self.routes.get(path) or self.routes[plain]
        if self.folder is not None:
            file = self.folder / plain.lstrip("/")
            if file.is_file():
                return Route(file.read_bytes())
        return Route(status=404)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, with_body: bool) -> None:
            server.asked.append((self.command, self.path, dict(self.headers.items())))
            route = server.find(self.path)
            etag = route.headers.get("ETag", "")
            if etag and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response_only(route.status)
            if "Date" not in route.headers:
                self.send_header("Date", self.date_time_string())
            for name, value in {"Content-Length": str(len(route.body)), **route.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not with_body:
                return
            self.wfile.write(route.body[: route.drip])
            if route.drip is not None:
                self.wfile.flush()
                server.over.wait(60)

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' output."""

    return Handler


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    made = Server("")
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(made)) as one:
        if context is not None:
            one.socket = context.wrap_socket(one.socket, server_side=True)
        scheme = "http" if context is None else "https"
        made.url = f"{scheme}://127.0.0.1:{one.server_port}"
        thread = threading.Thread(target=one.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            made.over.set()
            one.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture
def other_server() -> Iterator[Server]:
    with serving() as one:
        yield one


@pytest.fixture
def secure_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a certificate that this process believes."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl program to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", *subject, "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with serving(tls) as one:
        yield one


class Repository:
    """Two commits on main (`f` is one, then two), a branch and an annotated tag on the first."""

    #: When everything was committed, in seconds.
    committed_s = _MODIFIED_S

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("f", "one")
        self.write("sub/g", "G")
        self.write("sub/Dockerfile", "FROM scratch\nCOPY . /\n")
        self.write("Dockerfile", "FROM scratch\nCOPY . /\n")
        self.commit()
        self.git("tag", "-a", "v1", "-m", "v1")
        self.git("branch", "old")
        self.write("f", "two")
        self.commit()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(exist_ok=True)
        (self.root / path).write_text(text)

    def commit(self) -> str:
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "a change")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        settings = ("user.name=t", "user.email=t@example.com", "protocol.file.allow=always")
        flags = [part for one in settings for part in ("-c", one)]
        command = ["git", "-C", str(self.root), *flags, *words]
        date = f"{self.committed_s} +0000"
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "GIT_COMMITTER_DATE": date,
            "GIT_AUTHOR_DATE": date,
        }
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
        return done.stdout.strip()

    def publish(self, server: Server, name: str = "r.git") -> str:
        """Serve what is committed now as plain files; the address."""
        folder = self.root.with_name("published")
        folder.mkdir(exist_ok=True)
        shutil.rmtree(folder / name, ignore_errors=True)
        self.git("clone", "--quiet", "--bare", ".", str(folder / name))
        self.git("-C", str(folder / name), "update-server-info")
        server.folder = folder
        return f"{server.url}/{name}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    if shutil.which("git") is None:
        pytest.skip("needs the git program")
    return Repository(tmp_path / "repository")


@pytest.fixture
def tar_of() -> Callable[..., bytes]:
    """`tar_of(files, kind)`: a tar of files (mtime 5, then 6, ...); `w:gz` and the like compress."""
    return _tar_of


def _tar_of(files: Mapping[str, str | bytes], kind: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=kind) as archive:  # type: ignore[call-overload]
        for number, (name, content) in enumerate(files.items()):
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid = len(data), 5 + number, 1234
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@dataclass
class Desk:
    """A store, and the files of what is built with it; every build has an engine of its own."""

    root: Path
    events: list[Any] = field(default_factory=list)

    def build(self, context: str, stdin: bytes = b"", **request: Any) -> dict[str, str]:
        """Paths of the result's files (not directories) to their text."""
        members = self.members(context, stdin, **request)
        return {name: text for name, (text, _) in members.items()}

    def members(
        self, context: str, stdin: bytes = b"", **request: Any
    ) -> dict[str, tuple[str, tarfile.TarInfo]]:
        out = io.BytesIO()
        made = BuildRequest(context, outputs=(OutputSpec("tar", "-"),), **request)
        self.events.clear()
        with Engine(EngineOptions(str(self.root))) as engine:
            engine.build(made, self.events.append, stdin=io.BytesIO(stdin), stdout=out)
        with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as archive:
            found = {}
            for one in archive.getmembers():
                file = archive.extractfile(one) if one.isfile() else None
                if file is not None:
                    found[one.name.removeprefix("./")] = (
                        file.read().decode("utf-8", "replace"),
                        one,
                    )
            return found

    def cached(self) -> int:
        """How many steps of the last build were cached."""
        return int(self.events[-1].cached)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "store")


@pytest.fixture
def context(tmp_path: Path) -> Callable[[str], str]:
    """`context(text)`: a directory with that Dockerfile and a file `a`."""

    def make(text: str) -> str:
        directory = tmp_path / "context"
        directory.mkdir(exist_ok=True)
        (directory / "Dockerfile").write_text(text)
        (directory / "a").write_text("A")
        return str(directory)

    return make
