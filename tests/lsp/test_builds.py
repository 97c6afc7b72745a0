"""What a store tells an editor, and that asking leaves no trace in it."""

from __future__ import annotations

import os
from pathlib import Path

from lithify.cache.digest import CacheKey, Digest
from lithify.cache.history import BuildHistory, BuildRecord, Project, StepRecord
from lithify.cache.oci import Descriptor
from lithify.cache.ports import CacheRecord, Layer
from lithify.cache.records import SqliteRecordStore
from lithify.lsp.builds import StoreFacts
from lithify.lsp.images import EditorImages

KEY = CacheKey("sha256:" + "1" * 64)


def _step(name: str, **more: object) -> StepRecord:
    return StepRecord(name, "one", "RUN", None, "linux/amd64", key=str(KEY), **more)  # type: ignore[arg-type]


def _store(root: Path, *steps: StepRecord) -> None:
    """A store that remembers a build of /app/Dockerfile."""
    root.mkdir(exist_ok=True)
    records = SqliteRecordStore(root / "records.db")
    digest = Digest.of(b"layer")
    layer = Layer(Descriptor("m", digest, 1234), digest)
    records.put(CacheRecord(KEY, layer, (), 1.0), step="RUN make")
    project = Project("/app", "Dockerfile")
    BuildHistory(records).add(BuildRecord(5.0, project, "", 1.0, steps))
    records.close()


def _facts(root: object) -> StoreFacts:
    return StoreFacts(str(root), lambda name: None)


def test_the_newest_step_of_an_instruction_is_found(tmp_path):
    _store(tmp_path, _step("[one 1/2] RUN make", outcome="cached"))
    _store(tmp_path, _step("[one 2/2] RUN make # x", outcome="ran", seconds=2.0, reasons=("why",)))
    fact = _facts(tmp_path).of("/app/Dockerfile").step("one", "RUN make")
    assert fact is not None
    assert (fact.outcome, fact.seconds, fact.size_bytes, fact.reason) == ("ran", 2.0, 1234, "why")


def test_steps_of_other_files_stages_and_texts_are_not_taken_for_it(tmp_path):
    _store(tmp_path, _step("[one 1/1] RUN make", outcome="ran"))
    facts = _facts(tmp_path)
    assert facts.of("/app/other.Dockerfile").step("one", "RUN make") is None
    assert facts.of("/app/Dockerfile").step("two", "RUN make") is None
    assert facts.of("/app/Dockerfile").step("one", "RUN ma") is None
    assert facts.of("").step("one", "RUN make") is None


def test_a_step_that_was_not_reached_says_nothing(tmp_path):
    _store(tmp_path, _step("[one 1/1] RUN make"))
    assert _facts(tmp_path).of("/app/Dockerfile").step("one", "RUN make") is None


def test_a_build_that_ends_meanwhile_is_seen(tmp_path):
    facts = _facts(tmp_path)
    assert facts.of("/app/Dockerfile").step("one", "RUN make") is None
    _store(tmp_path, _step("[one 1/1] RUN make", outcome="ran"))
    assert facts.of("/app/Dockerfile").step("one", "RUN make") is not None


def test_a_store_that_is_missing_or_broken_means_that_nothing_is_known(tmp_path):
    for root in ("", str(tmp_path / "none"), str(tmp_path)):
        facts = _facts(root).of("/app/Dockerfile")
        assert facts.step("one", "RUN make") is None
        assert facts.images() == ()
    (tmp_path / "records.db").write_bytes(b"no database" * 100)
    (tmp_path / "index.json").write_text("{")
    facts = _facts(tmp_path).of("/app/Dockerfile")
    assert facts.step("one", "RUN make") is None
    assert facts.images() == ()


def test_asking_makes_nothing(tmp_path):
    root = tmp_path / "none"
    facts = _facts(root).of("/app/Dockerfile")
    facts.step("one", "RUN make")
    facts.images()
    assert not root.exists()
    _store(root, _step("[one 1/1] RUN make", outcome="ran"))
    before = sorted(os.listdir(root))
    _facts(root).of("/app/Dockerfile").step("one", "RUN make")
    assert set(os.listdir(root)) - set(before) <= {"records.db-wal", "records.db-shm"}


def test_images_are_named_as_people_write_them(tmp_path):
    (tmp_path / "index.json").write_text(
        '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",'
        f'"digest":"{Digest.of(b"m")}","size":1,'
        '"annotations":{"org.opencontainers.image.ref.name":"docker.io/library/busybox:latest"}}]}'
    )
    assert _facts(tmp_path).images() == ("busybox:latest",)


def test_an_editor_does_not_keep_a_store_in_use(tmp_path):
    from lithify.cache.platform import Platform
    from lithify.cache.store import Store

    platform = Platform("linux", "amd64")
    Store.open(tmp_path / "store", clock=lambda: 0.0).close()
    images = EditorImages(str(tmp_path / "store"))
    unknown = images.resolve("busybox", platform)
    assert unknown.config_digest == ""
    with (
        Store.open(tmp_path / "store", clock=lambda: 0.0) as store,
        store.exclusive() as is_alone,
    ):
        assert is_alone
