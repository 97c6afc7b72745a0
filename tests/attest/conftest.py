"""Owns images to attest: layers made of files, a store, an engine that builds, and layouts taken apart."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.cache.digest import Digest
from lithify.cache.oci import MEDIA_LAYER
from lithify.cache.ports import Layer
from lithify.cache.store import Store
from lithify.requests import AttestationSpec, BuildRequest, EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lithify.requests import BuildResult


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "layers-store", clock=lambda: 1.0) as opened:
        yield opened


@pytest.fixture
def layer(store: Store) -> Callable[..., Layer]:
    """A layer of files (bytes), symlinks and hard links ("symlink:x", "link:x"), or directories (None)."""

    def make(files: dict[str, bytes | str | None], *, mode: int = 0o644) -> Layer:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.mode = mode
                if data is None:
                    member.type = tarfile.DIRTYPE
                elif isinstance(data, str):
                    kind, _, member.linkname = data.partition(":")
                    member.type = tarfile.SYMTYPE if kind == "symlink" else tarfile.LNKTYPE
                else:
                    member.size = len(data)
                archive.addfile(member, io.BytesIO(data) if isinstance(data, bytes) else None)
        plain = out.getvalue()
        diff_id = Digest(f"sha256:{hashlib.sha256(plain).hexdigest()}")
        with store.blobs.writer() as writer:
            writer.write(plain)
            return Layer(writer.commit(MEDIA_LAYER), diff_id)

    return make


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context without RUN, so that it builds for everybody."""
    directory = tmp_path / "context"
    (directory / "node_modules" / "left").mkdir(parents=True)
    (directory / "node_modules" / "left" / "package.json").write_text(
        '{"name": "left", "version": "1.3.0", "license": "MIT"}'
    )
    (directory / "Dockerfile").write_text("FROM scratch\nARG WHO=x\nCOPY . /srv/\nLABEL who=$WHO\n")
    return directory


SPECS = (AttestationSpec("sbom"), AttestationSpec("provenance"))


@pytest.fixture
def build(tmp_path: Path, context: Path) -> Callable[..., BuildResult]:
    """Build the context in a store of a name; both attestations unless others are given."""

    def run(place: str = "store", **fields: Any) -> BuildResult:
        fields = {"tags": ("app:1",), "attestations": SPECS, **fields}
        with Engine(EngineOptions(str(tmp_path / place))) as engine:
            return engine.build(BuildRequest(str(context), **fields), lambda _: None)

    return run


class Layout:
    """A layout on disk: index.json and blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.index = json.loads((root / "index.json").read_bytes())

    def blob(self, digest: str) -> bytes:
        data = (self.root / "blobs" / "sha256" / digest.partition(":")[2]).read_bytes()
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
        return data

    def document(self, digest: str) -> Any:
        return json.loads(self.blob(digest))

    def attestations(self, entries: list[Any] | None = None) -> list[Any]:
        """The manifests among index entries that are attestations."""
        kind = "vnd.docker.reference.type"
        found = self.index["manifests"] if entries is None else entries
        return [one for one in found if kind in one.get("annotations", {})]

    def statements(self, entry: Any) -> dict[str, Any]:
        """The statements of an attestation by predicate type."""
        manifest = self.document(entry["digest"])
        documents = [self.document(one["digest"]) for one in manifest["layers"]]
        return {one["predicateType"]: one for one in documents}


@pytest.fixture
def layout() -> Callable[[Path], Layout]:
    return Layout
