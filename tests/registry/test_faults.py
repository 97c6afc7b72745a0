"""A registry that stalls, lies, breaks off and runs in circles: bounded time, a clear error or success, nothing half done."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from typing import TYPE_CHECKING

import pytest

from lithify.errors import (
    Cancelled,
    ContentError,
    DigestMismatch,
    Forbidden,
    LithifyError,
    RateLimited,
    RegistryError,
    RegistryNotFound,
    RegistryUnreachable,
)
from lithify.executor.cancel import Cancellation

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Handler, Image

    from lithify.cache.store import Store
    from lithify.registries import RegistryAccess

    MakeImage = Callable[..., Image]
    Access = Callable[..., RegistryAccess]

_NOISE = os.urandom(300_000)


@pytest.fixture
def big(image: MakeImage, fake: FakeRegistry) -> Image:
    made = image({"noise": _NOISE})
    fake.add("app", made, "1")
    return made


def _is_layer(handler: Handler, image: Image) -> bool:
    return handler.command == "GET" and handler.path.endswith(image.layers[0])


def _left(store: Store) -> list[str]:
    return sorted(os.listdir(store.tmp_dir()))


def _pull(store: Store, access: Access, fake: FakeRegistry) -> str:
    return str(access(store).pull(f"{fake.host}/app:1", None)[1].digest)


def test_a_broken_download_goes_on_where_it_stopped(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    data = big.blobs[big.layers[0]]
    tries = itertools.count()

    def cut(handler: Handler) -> bool:
        if not _is_layer(handler, big) or next(tries):
            return False
        handler.answer(200, data[:100_000], Content_Length=str(len(data)))
        handler.drop()
        return True

    fake.fault = cut
    assert _pull(store, access, fake) == big.digest
    ranges = [one.headers.get("Range") for one in fake.seen if one.path.endswith(big.layers[0])]
    assert ranges == [None, "bytes=100000-"]
    assert store.blobs.read(big.layers[0]) == data


def test_a_registry_without_ranges_is_read_again_from_the_start(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    data = big.blobs[big.layers[0]]
    tries = itertools.count()

    def cut(handler: Handler) -> bool:
        if not _is_layer(handler, big):
            return False
        is_first = next(tries) == 0
        handler.answer(200, data[:100_000] if is_first else data, Content_Length=str(len(data)))
        if is_first:
            handler.drop()
        return True

    fake.fault = cut
    assert _pull(store, access, fake) == big.digest


def test_every_third_request_may_fail(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    made = image({"a": b"1"}, {"b": _NOISE * 20})
    fake.add("app", made, "1")
    numbers: dict[str, itertools.count[int]] = {}

    def fail(handler: Handler) -> bool:
        with fake.lock:
            number = next(numbers.setdefault(handler.command, itertools.count(1)))
        if number % 3:
            return False
        handler.close_connection = True
        handler.answer(500)
        return True

    fake.fault = fail
    opened = access(store)
    assert opened.pull(f"{fake.host}/app:1", None)[1].digest == made.digest
    store.images.tag(f"{fake.host}/other:2", opened.pull(f"{fake.host}/app:1", None)[1])
    fake.blobs.clear()
    assert opened.push_stored(f"{fake.host}/other:2", None, "gzip") == made.digest
    assert {digest for _, digest in fake.blobs} == set(made.blobs)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_registry_that_always_fails_is_given_up_on(
    status: int, big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.fault = lambda handler: handler.answer(status) is None
    with pytest.raises(RegistryError, match=f"answered {status}"):
        _pull(store, access, fake)
    assert fake.count("GET", "/manifests/1") == 4
    assert store.blobs.digests() == ()


def test_a_stalled_download_is_tried_again_and_then_given_up(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    def stall(handler: Handler) -> bool:
        if not _is_layer(handler, big):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(big.blobs[big.layers[0]])))
        handler.end_headers()
        handler.wfile.flush()
        fake.stopped.wait(20)
        handler.close_connection = True
        return True

    fake.fault = stall
    with pytest.raises(RegistryUnreachable, match="does not answer"):
        _pull(store, access, fake)
    assert fake.count("GET", big.layers[0]) == 4
    assert not store.blobs.has(big.layers[0])
    assert not [name for name in _left(store) if name.startswith("blob-")]


def test_a_trickle_counts_as_a_stall(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    def trickle(handler: Handler) -> bool:
        if not _is_layer(handler, big):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(big.blobs[big.layers[0]])))
        handler.end_headers()
        for byte in big.blobs[big.layers[0]]:
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            if fake.stopped.wait(0.3):
                break
        return True

    fake.fault = trickle
    with pytest.raises(RegistryUnreachable, match="too slowly"):
        _pull(store, access, fake)


@pytest.mark.parametrize("kind", ["other bytes", "too many", "too few", "says more", "says less"])
def test_a_lie_about_a_blob_is_refused_and_nothing_is_kept(
    kind: str, big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    true = big.blobs[big.layers[0]]
    lies = {
        "other bytes": (true[:-1] + b"?", len(true)),
        "too many": (true + b"more", None),
        "too few": (true[:-1000], None),
        "says more": (true, len(true) + 5),
        "says less": (true[:-5], len(true) - 5),
    }
    data, length = lies[kind]

    def lie(handler: Handler) -> bool:
        if not _is_layer(handler, big):
            return False
        handler.close_connection = True
        if length is None:  # no length at all: the connection's end is that of the blob
            handler.send_response(200)
            handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(data)
        else:
            handler.answer(200, data, Content_Length=str(length))
        return True

    fake.fault = lie
    with pytest.raises((DigestMismatch, RegistryUnreachable)) as caught:
        _pull(store, access, fake)
    assert fake.host in caught.value.message
    assert not store.blobs.has(big.layers[0])
    assert store.images.list() == ()
    assert not [name for name in _left(store) if name.startswith("blob-")]


def test_a_manifest_that_is_not_what_was_asked_for_is_refused(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    asked, sent = image({"a": b"1"}), image({"a": b"2"})
    fake.add("app", sent, asked.digest)
    with pytest.raises(DigestMismatch, match="sent sha256"):
        access(store).pull(f"{fake.host}/app@{asked.digest}", None)
    fake.fault = lambda handler: (
        handler.answer(200, sent.manifest, Docker_Content_Digest=asked.digest) is None
    )
    with pytest.raises(DigestMismatch):
        access(store).pull(f"{fake.host}/app:latest", None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"schemaVersion":1}',
        b'{"schemaVersion":2,"config":{}}',
        b'{"mediaType":"text/plain"}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    raw: bytes, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.manifests["app", "1"] = ("application/vnd.oci.image.manifest.v1+json", raw)
    with pytest.raises(ContentError):
        _pull(store, access, fake)


def test_a_manifest_without_end_is_not_read_to_its_end(
    fake: FakeRegistry, store: Store, access: Access
) -> None:
    def pour(handler: Handler) -> bool:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" " * 1024 * 1024)
        return True

    fake.fault = pour
    with pytest.raises(RegistryError, match="larger than"):
        _pull(store, access, fake)


def test_a_config_of_absurd_size_is_not_fetched(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    made = image({"a": b"1"})
    manifest = json.loads(made.manifest)
    manifest["config"]["size"] = 1 << 50
    fake.manifests["app", "1"] = (manifest["mediaType"], json.dumps(manifest).encode())
    with pytest.raises(ContentError, match="too large"):
        _pull(store, access, fake)


def test_redirects_in_a_loop_end(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.fault = lambda handler: handler.answer(307, Location=handler.path) is None
    with pytest.raises(RegistryError, match="redirects without end"):
        _pull(store, access, fake)
    assert len(fake.seen) < 20


def test_a_redirect_to_a_file_is_refused(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.fault = lambda handler: handler.answer(302, Location="file:///etc/passwd") is None
    with pytest.raises(RegistryError, match="not protected by TLS"):
        _pull(store, access, fake)


def test_a_pause_that_is_asked_for_is_made_if_it_is_short(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    tries = itertools.count()

    def limit(handler: Handler) -> bool:
        return next(tries) < 2 and handler.answer(429, Retry_After="0") is None

    fake.fault = limit
    assert _pull(store, access, fake) == big.digest


@pytest.mark.parametrize("pause", ["3600", "Wed, 21 Oct 2199 07:28:00 GMT"])
def test_a_long_pause_is_an_error_at_once(
    pause: str, big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.fault = lambda handler: handler.answer(429, Retry_After=pause) is None
    with pytest.raises(RateLimited) as caught:
        _pull(store, access, fake)
    assert "lithify login" in caught.value.hint
    assert fake.count("GET", "manifests") == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(403, Forbidden), (404, RegistryNotFound), (400, RegistryError)]
)
def test_a_refusal_is_not_repeated_and_shows_the_registrys_words(
    status: int, kind: type[RegistryError], fake: FakeRegistry, store: Store, access: Access
) -> None:
    body = b'{"errors":[{"code":"X","message":"no\\u001b[31m\\nway https://u:p@h/x?sig=1"}]}'
    fake.fault = lambda handler: handler.answer(status, body) is None
    with pytest.raises(kind) as caught:
        _pull(store, access, fake)
    assert "no [31m way https://h/x?..." in caught.value.message
    assert caught.value.status == status
    assert fake.count("GET", "manifests") == 1


def test_nobody_listening_is_told_as_such(store: Store, access: Access) -> None:
    with pytest.raises(RegistryUnreachable, match="no connection to 127"):
        access(store).pull("127.0.0.1:9/app:1", None)


def test_a_name_that_does_not_exist_is_told_as_such(store: Store, access: Access) -> None:
    with pytest.raises(RegistryUnreachable) as caught:
        access(store).pull("registry.invalid/app:1", None)
    assert "registry.invalid" in caught.value.message


def test_a_broken_upload_goes_on_where_the_registry_says(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access
) -> None:
    made = image({"noise": os.urandom(5_000_000)})
    fake.add("app", made, "1")
    opened = access(store)
    _, descriptor = opened.pull(f"{fake.host}/app:1", None)
    store.images.tag(f"{fake.host}/other:1", descriptor)
    store.records.memo_put("blob-origin", f"{fake.host} {made.layers[0]}", "nowhere")
    tries = itertools.count()

    def cut(handler: Handler) -> bool:
        if handler.command != "PATCH" or next(tries):
            return False
        name = handler.path.rpartition("/")[2]
        fake.uploads[name] += handler.rfile.read(2_000_000)
        handler.drop()
        return True

    fake.fault = cut
    assert opened.push_stored(f"{fake.host}/other:1", None, "gzip") == made.digest
    sent = [one for one in fake.seen if one.method == "PATCH"]
    assert sent[1].headers["Content-Range"].startswith("2000000-")
    assert fake.blobs["other", made.layers[0]] == made.blobs[made.layers[0]]


def test_a_blob_damaged_in_the_store_is_not_pushed(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    opened = access(store)
    _, descriptor = opened.pull(f"{fake.host}/app:1", None)
    path = store.blobs.path(big.layers[0])
    path.write_bytes(b"?" * path.stat().st_size)
    store.images.tag(f"{fake.host}/other:1", descriptor)
    store.records.memo_clear("blob-origin")
    with pytest.raises(DigestMismatch):
        opened.push_stored(f"{fake.host}/other:1", None, "gzip")
    assert ("other", "1") not in fake.manifests


def test_cancelling_ends_a_stalled_download_at_once(
    big: Image, fake: FakeRegistry, store: Store, access: Access
) -> None:
    cancellation = Cancellation()

    def stall(handler: Handler) -> bool:
        if not _is_layer(handler, big):
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(big.blobs[big.layers[0]])))
        handler.end_headers()
        handler.wfile.flush()
        cancellation.cancel()
        fake.stopped.wait(20)
        return True

    fake.fault = stall
    with pytest.raises(Cancelled):
        access(store, cancellation).pull(f"{fake.host}/app:1", None)


def test_errors_never_show_credentials(
    environment: dict[str, str], fake: FakeRegistry, store: Store, access: Access
) -> None:
    auth = {"auths": {fake.host: {"username": "u", "password": "hunter2"}}}
    config = f"{environment['HOME']}/auth.json"
    with open(config, "w", encoding="utf-8") as file:
        json.dump(auth, file)
    environment["REGISTRY_AUTH_FILE"] = config
    fake.fault = lambda handler: handler.answer(401, WWW_Authenticate='Basic realm="x"') is None
    with pytest.raises(LithifyError) as caught:
        _pull(store, access, fake)
    assert any("Authorization" in one.headers for one in fake.seen)
    shown = caught.value.message + caught.value.hint + repr(caught.value)
    assert "hunter2" not in shown
    assert hashlib.sha256(b"hunter2").hexdigest() not in shown
