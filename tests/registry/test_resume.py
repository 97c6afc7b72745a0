"""Transfers that ended with their process: the next one goes on, and believes nothing before it is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from lithify.cache.gc import Policy, prune
from lithify.cache.partial import LONGEST_AGE_S
from lithify.cache.store import Store
from lithify.errors import DigestMismatch, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import FakeRegistry, Handler, Image, RealRegistry

    from lithify.registries import RegistryAccess

    MakeImage = Callable[..., Image]
    Access = Callable[..., RegistryAccess]

_NOISE = os.urandom(1_500_000)


@pytest.fixture
def big(image: MakeImage, fake: FakeRegistry) -> Image:
    made = image({"noise": _NOISE})
    fake.add("app", made, "1")
    return made


def layer(big: Image) -> bytes:
    return big.blobs[big.layers[0]]


def partial(store: Store, big: Image) -> Path:
    return store.root / "partial" / big.layers[0].hex


def leave(store: Store, big: Image, data: bytes) -> None:
    path = partial(store, big)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)


def ranges(fake: FakeRegistry, big: Image) -> list[str | None]:
    return [one.headers.get("Range") for one in fake.seen if one.path.endswith(big.layers[0])]


def pull(store: Store, access: Access, fake: FakeRegistry) -> str:
    return str(access(store).pull(f"{fake.host}/app:1", None)[1].digest)


def test_a_killed_pull_goes_on_where_it_was(
    big: Image, fake: FakeRegistry, tmp_path: Path, environment: dict[str, str], access: Access
) -> None:
    root = tmp_path / "killed"
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from lithify.api import Engine
        from lithify.requests import EngineOptions
        import os
        with Engine(EngineOptions(sys.argv[1], environment=dict(os.environ))) as engine:
            engine.pull(sys.argv[2], lambda event: None)
        """
    )

    def stall(handler: Handler) -> bool:
        if not (handler.command == "GET" and handler.path.endswith(big.layers[0])):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(layer(big))))
        handler.end_headers()
        handler.wfile.write(layer(big)[:1_000_000])
        handler.wfile.flush()
        fake.stopped.wait(20)
        handler.close_connection = True
        return True

    fake.fault = stall
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(root), f"{fake.host}/app:1"],
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    path = root / "partial" / big.layers[0].hex
    while not (path.exists() and path.stat().st_size > 500_000):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    fake.fault = None
    fake.seen.clear()
    with Store.open(root, clock=lambda: 1.0) as store:
        kept = partial(store, big).stat().st_size
        assert pull(store, access, fake) == big.digest
        assert ranges(fake, big) == [f"bytes={kept}-"]
        assert store.blobs.read(big.layers[0]) == layer(big)
        assert not partial(store, big).exists()


def test_what_was_given_up_on_is_kept_for_the_next_pull(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    def cut(handler: Handler) -> bool:
        if not handler.path.endswith(big.layers[0]):
            return False
        if handler.headers.get("Range"):
            handler.answer(404)
            return True
        handler.answer(200, layer(big)[:700_000], Content_Length=str(len(layer(big))))
        handler.drop()
        return True

    fake.fault = cut
    with pytest.raises(RegistryError):
        pull(store, access, fake)
    assert partial(store, big).read_bytes() == layer(big)[:700_000]
    fake.fault = None
    fake.seen.clear()
    assert pull(store, access, fake) == big.digest
    assert ranges(fake, big) == ["bytes=700000-"]


@pytest.mark.parametrize("kind", ["damaged", "too long", "whole but wrong"])
def test_wrong_bytes_that_were_left_are_fetched_again(
    kind: str, big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    true = layer(big)
    left = {
        "damaged": b"?" + true[1:900_000],
        "too long": true + b"more",
        "whole but wrong": true[:-1] + bytes([true[-1] ^ 1]),
    }
    leave(store, big, left[kind])
    assert pull(store, access, fake) == big.digest
    assert store.blobs.read(big.layers[0]) == true
    assert ranges(fake, big)[-1] is None


def test_a_whole_blob_that_was_left_is_not_fetched_at_all(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    leave(store, big, layer(big))
    assert pull(store, access, fake) == big.digest
    assert ranges(fake, big) == []


def test_a_lie_leaves_nothing(big: Image, fake: FakeRegistry, store: Store, access: Access) -> None:
    leave(store, big, layer(big)[:900_000])
    fake.blobs["app", big.layers[0]] = layer(big)[:-1] + bytes([layer(big)[-1] ^ 1])
    with pytest.raises(DigestMismatch):
        pull(store, access, fake)
    assert not partial(store, big).exists()
    assert not store.blobs.has(big.layers[0])


def test_forgotten_downloads_go_when_another_begins(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    folder = store.root / "partial"
    folder.mkdir()
    for name in ("old", "young"):
        (folder / name).write_bytes(b"x")
    past = (folder / "young").stat().st_mtime - LONGEST_AGE_S - 60
    os.utime(folder / "old", (past, past))
    pull(store, access, fake)
    assert sorted(os.listdir(folder)) == ["young"]


def test_prune_removes_partial_downloads(big: Image, store: Store) -> None:
    leave(store, big, b"x" * 100_000)
    freed = prune(store, Policy())
    assert ("partial download", big.layers[0].hex) in [
        (kind, name) for kind, name, _ in freed.items
    ]
    assert os.listdir(store.root / "partial") == []


# -- pushing --------------------------------------------------------------------------------------


@pytest.fixture
def pushable(image: MakeImage, fake: FakeRegistry, store: Store, access: Access) -> Image:
    """An image of the store with a layer that is large enough to be sent by PATCH."""
    made = image({"noise": os.urandom(5_000_000)})
    fake.add("app", made, "1")
    store.images.tag("app:1", access(store).pull(f"{fake.host}/app:1", None)[1])
    store.records.memo_clear("blob-origin")
    return made


def push(store: Store, access: Access, name: str) -> str:
    found = store.images.get("app:1")
    assert found is not None
    store.images.tag(name, found)
    with access(store) as opened:
        return opened.push_stored(name, None, "gzip")


def test_another_process_goes_on_with_an_upload(
    pushable: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    def cut(handler: Handler) -> bool:
        if handler.command == "GET" and "/uploads/" in handler.path:
            handler.answer(403)  # and so the first process must give up
            return True
        if handler.command == "POST" and any(
            len(one) >= 2_000_000 for one in fake.uploads.values()
        ):
            handler.answer(403)
            return True
        # The config is sent at the same time; it is small, and not what this is about.
        if handler.command != "PATCH" or int(handler.headers["Content-Length"]) < 2_000_000:
            return False
        fake.uploads[handler.path.rpartition("/")[2]] += handler.rfile.read(2_000_000)
        handler.drop()
        return True

    fake.fault = cut
    with pytest.raises(RegistryError):
        push(store, access, f"{fake.host}/other:1")
    fake.fault = None
    fake.seen.clear()
    assert push(store, access, f"{fake.host}/other:1") == pushable.digest
    (sent,) = [one for one in fake.seen if one.method == "PATCH"]
    assert sent.headers["Content-Range"].startswith("2000000-")
    assert fake.blobs["other", pushable.layers[0]] == layer(pushable)
    assert store.records.memo_all("upload") == {}


def test_an_upload_the_registry_forgot_begins_anew(
    pushable: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    key = f"{fake.host}/other {pushable.layers[0]}"
    url = f"http://{fake.host}/v2/other/blobs/uploads/gone"
    store.records.memo_put("upload", key, url)

    def gone(handler: Handler) -> bool:
        if handler.path.endswith("/gone"):
            handler.answer(404)
            return True
        return False

    fake.fault = gone
    assert push(store, access, f"{fake.host}/other:1") == pushable.digest
    assert fake.count("GET", "/gone") == 1


def test_debians_registry_takes_an_image_after_a_broken_push(
    pushable: Image,
    store: Store,
    access: Access,
    start_registry: Callable[..., RealRegistry],
    environment: dict[str, str],
) -> None:
    registry = start_registry()
    name = f"{registry.host}/other:1"
    with access(store) as opened:
        from lithify.cache.reference import parse_reference

        (repository,) = opened.registries().repositories(parse_reference(name), push=True)
        key = f"{repository.location.name} {pushable.layers[0]}"
        store.records.memo_put("upload", key, repository.start_upload())
    assert push(store, access, name) == pushable.digest
    assert store.records.memo_all("upload") == {}
    for one in ("app:1", name):
        store.images.untag(one)
    assert access(store).pull(name, None)[1].digest == pushable.digest


def test_debians_registry_gives_the_rest_of_a_blob(
    pushable: Image, store: Store, access: Access, start_registry: Callable[..., RealRegistry]
) -> None:
    registry = start_registry()
    push(store, access, f"{registry.host}/other:1")
    digest = pushable.layers[0]
    store.blobs.delete(digest)
    leave(store, pushable, layer(pushable)[:3_000_000])
    access(store).pull(f"{registry.host}/other:1", None)
    assert store.blobs.read(digest) == layer(pushable)
