"""Registries to test against: Debian's own, and one in this process that can be made to fail in every way."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.cache.digest import Digest
from lithify.cache.registry.access import Registries
from lithify.cache.registry.settings import Patience, RegistrySettings
from lithify.cache.store import Store
from lithify.executor.cancel import Cancellation
from lithify.registries import RegistryAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

QUICK = Patience(
    connect_s=2.0, read_s=1.0, attempts=4, first_pause_s=0.01, longest_pause_s=1.0, helper_s=1.0
)


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer_of(files: dict[str, bytes]) -> tuple[bytes, str]:
    """A compressed layer and its diff id."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(out.getvalue(), 1, mtime=0), digest_of(out.getvalue())


@dataclass
class Image:
    """An image as bytes: its manifest and all blobs by digest."""

    manifest: bytes
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def layers(self) -> list[Digest]:
        return [Digest(one["digest"]) for one in json.loads(self.manifest)["layers"]]


def make_image(*layers: dict[str, bytes], architecture: str = "amd64", env: str = "A=1") -> Image:
    made = [layer_of(files) for files in layers]
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": [env]},
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in made]},
        }
    ).encode()

    def described(kind: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "digest": digest_of(data), "size": len(data)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": described(CONFIG, config),
        "layers": [described(LAYER, data) for data, _ in made],
    }
    blobs = {digest_of(data): data for data in (config, *(data for data, _ in made))}
    return Image(json.dumps(manifest).encode(), blobs)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class FakeRegistry:
    """A registry in memory. `fault` sees each request first; true if it has answered itself."""

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    fault: Callable[[Handler], bool] | None = None
    token: str = ""
    has_referrers: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    stopped: threading.Event = field(default_factory=threading.Event)
    host: str = ""

    def add(self, repository: str, image: Image, *tags: str) -> None:
        for digest, data in image.blobs.items():
            self.blobs[repository, digest] = data
        for name in (image.digest, *tags):
            self.manifests[repository, name] = (MANIFEST, image.manifest)

    def add_index(self, repository: str, images: dict[str, Image], tag: str) -> str:
        """An index of images by `architecture`; its digest."""
        children = []
        for architecture, image in images.items():
            self.add(repository, image)
            platform = {"os": "linux", "architecture": architecture}
            one = {"mediaType": MANIFEST, "digest": image.digest, "size": len(image.manifest)}
            children.append({**one, "platform": platform})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
        raw = json.dumps(index).encode()
        for name in (digest_of(raw), tag):
            self.manifests[repository, name] = (INDEX, raw)
        return digest_of(raw)

    def count(self, method: str, pattern: str) -> int:
        return sum(one.method == method and bool(re.search(pattern, one.path)) for one in self.seen)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: FakeRegistry

    def log_message(self, *_: object) -> None:
        """Silent."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def drop(self) -> None:
        """Cut the connection."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(2)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _serve(self) -> None:
        one = Request(self.command, self.path, dict(self.headers.items()))
        with self.registry.lock:
            self.registry.seen.append(one)
        if self.registry.fault is not None and self.registry.fault(self):
            return
        one.body = self._body()
        if self.registry.token and not self._is_authorised():
            return
        match = re.match(r"/v2/(.+?)/(manifests|blobs)/([^?]*)(?:\?(.*))?\Z", self.path)
        if match is None:
            self.answer(200)
        elif match[2] == "manifests":
            self._manifest(match[1], match[3], one)
        elif match[3].startswith("uploads"):
            self._upload(match[1], match[3][len("uploads/") :], match[4] or "", one)
        else:
            self._blob(match[1], match[3])

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

    def _is_authorised(self) -> bool:
        if self.path.startswith("/token"):
            body = json.dumps({"token": self.registry.token, "expires_in": 300}).encode()
            self.answer(200, body)
            return False
        if self.headers.get("Authorization") == f"Bearer {self.registry.token}":
            return True
        realm = f'Bearer realm="http://{self.registry.host}/token",service="fake"'
        self.answer(401, WWW_Authenticate=realm)
        return False

    def _manifest(self, repository: str, name: str, one: Request) -> None:
        if self.command == "PUT":
            kind = self.headers.get("Content-Type", "")
            for key in (name, digest_of(one.body)):
                self.registry.manifests[repository, key] = (kind, one.body)
            subject = json.loads(one.body).get("subject")
            if self.registry.has_referrers and subject:
                self.answer(201, OCI_Subject=subject["digest"])
            else:
                self.answer(201)
            return
        found = self.registry.manifests.get((repository, name))
        if found is None:
            self.answer(
                404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
            )
            return
        kind, raw = found
        self.answer(200, raw, Content_Type=kind, Docker_Content_Digest=digest_of(raw))

    def _blob(self, repository: str, digest: str) -> None:
        data = self.registry.blobs.get((repository, digest))
        if data is None:
            self.answer(404)
            return
        asked = re.match(r"bytes=(\d+)-\Z", self.headers.get("Range", ""))
        if asked:
            start = int(asked[1])
            said = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.answer(206, data[start:], Content_Range=said)
        else:
            self.answer(200, data)

    def _upload(self, repository: str, name: str, query: str, one: Request) -> None:
        place = f"/v2/{repository}/blobs/uploads/"
        if self.command == "POST":
            self._start(repository, query, place)
            return
        data = self.registry.uploads[name]
        data += one.body
        if self.command == "PUT":
            digest = re.sub("%3A", ":", query.partition("digest=")[2])
            if digest_of(bytes(data)) != digest:
                self.answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
                return
            self.registry.blobs[repository, digest] = bytes(data)
            self.answer(201)
            return
        status = 204 if self.command in ("GET", "DELETE") else 202
        self.answer(status, Location=place + name, Range=f"0-{max(0, len(data) - 1)}")

    def _start(self, repository: str, query: str, place: str) -> None:
        mount = re.match(r"mount=([^&]*)&from=(.*)\Z", query.replace("%3A", ":"))
        if mount and (mount[2], mount[1]) in self.registry.blobs:
            self.registry.blobs[repository, mount[1]] = self.registry.blobs[mount[2], mount[1]]
            self.answer(201)
            return
        with self.registry.lock:
            name = f"upload-{len(self.registry.uploads)}"
            self.registry.uploads[name] = bytearray()
        self.answer(202, Location=place + name)


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()
    handler = type("BoundHandler", (Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    registry.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield registry
    registry.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def image() -> Callable[..., Image]:
    """Makes images (see make_image)."""
    return make_image


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "own-store", clock=lambda: 1.0) as opened:
        yield opened


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home with nothing in it."""
    home = tmp_path / "home"
    home.mkdir()
    conf = home / "registries.conf"
    conf.write_text("")
    return {"HOME": str(home), "CONTAINERS_REGISTRIES_CONF": str(conf), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def registries(environment: dict[str, str]) -> Iterator[Registries]:
    with Registries(RegistrySettings(environment, QUICK)) as opened:
        yield opened


class RealRegistry:
    """Debian's docker-registry as a process of ours on a port of its choice."""

    def __init__(self, folder: Path, settings: str = "", http: str = "") -> None:
        program = shutil.which("docker-registry")
        if program is None:
            pytest.skip("docker-registry is not installed")
        config = folder / "config.yml"
        config.write_text(
            "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f'http:\n  addr: "127.0.0.1:0"\n{http}{settings}'
        )
        self._process = subprocess.Popen(
            [program, "serve", str(config)],
            env={},  # it would take variables named REGISTRY_... for settings
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert self._process.stderr is not None
        self.host = ""
        for line in self._process.stderr:
            if match := re.search(rb"listening on (127\.0\.0\.1:\d+)", line):
                self.host = match[1].decode()
                break
        assert self.host
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._drain.join()
        assert self._process.stderr is not None
        self._process.stderr.close()


#: Of the user `horse` with the password `right horse`, by bcrypt.
HTPASSWD = "horse:$2b$05$abcdefghijklmnopqrstuuB05BVy0V7KomGh8K56xgiHLq3Wkqh46\n"


@pytest.fixture
def access(environment: dict[str, str]) -> Iterator[Callable[[Store], RegistryAccess]]:
    """Ways to registries for a store, of little patience; what they tell is in `told`."""
    opened: list[RegistryAccess] = []

    def make(store: Store, cancellation: Cancellation | None = None) -> RegistryAccess:
        made = RegistryAccess(
            store, environment, cancellation or Cancellation(), lambda event: None, QUICK
        )
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def htpasswd(tmp_path: Path) -> str:
    """Settings of a registry that only knows the user `horse` with the password `right horse`."""
    path = tmp_path / "htpasswd"
    path.write_text(HTPASSWD)
    return f"auth: {{htpasswd: {{realm: test, path: {path}}}}}\n"


@pytest.fixture
def start_registry(tmp_path: Path) -> Iterator[Callable[..., RealRegistry]]:
    started: list[RealRegistry] = []

    def start(**options: str) -> RealRegistry:
        folder = tmp_path / f"registry-{len(started)}"
        folder.mkdir()
        started.append(RealRegistry(folder, **options))
        return started[-1]

    yield start
    for one in started:
        one.stop()
