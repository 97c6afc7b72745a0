"""A cache on a registry gives a machine that never built everything, and nothing it must believe."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.api import Engine
from lithify.errors import Cancelled, LithifyError, RegistryError, UsageError
from lithify.executor.events import (
    Notice,
    PlanReady,
    StepCached,
    StepFinished,
    StepStarted,
    Warned,
)
from lithify.requests import BuildRequest, CacheSpec, EngineOptions, OutputSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Handler, RealRegistry

    from lithify.executor.events import Event

pytestmark = pytest.mark.root

#: Two stages; the result has layers of its own and one from the other stage.
_DOCKERFILE = """\
FROM scratch AS made
COPY a /out/a
COPY b /out/b
FROM scratch
COPY c /c
COPY --from=made /out/a /from
COPY --from=made /out/b /too
"""
_DIGEST_ONLY = (OutputSpec("cacheonly"),)


@dataclass
class Runner:
    """A build on a machine of its own, and what it said."""

    digest: str = ""
    names: dict[int, str] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    ran: set[str] = field(default_factory=set)
    warned: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        match event:
            case PlanReady(steps):
                self.names = {one.index: one.name.partition("] ")[2] for one in steps}
            case StepCached(index):
                self.cached.add(self.names[index])
            case StepFinished(index):
                self.ran.add(self.names[index])
            case Warned():
                self.warned.append(event.text)
            case Notice(text):
                self.noticed.append(text)


class Fleet:
    """Runners that share a context and caches; each has an empty store."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self._root = root
        self._environment = environment
        self._count = 0
        self.context = root / "context"
        self.context.mkdir()
        self.write("Dockerfile", _DOCKERFILE)
        self.write("Dockerfile.dockerignore", "Dockerfile*\n")
        for name in "abc":
            self.write(name, name * 5000)

    def write(self, name: str, text: str) -> None:
        (self.context / name).write_text(text)

    def store(self) -> Path:
        self._count += 1
        return self._root / f"store-{self._count}"

    def build(
        self,
        *,
        start: tuple[CacheSpec, ...] = (),
        to: tuple[CacheSpec, ...] = (),
        store: Path | None = None,
        hear: Callable[[Event, Engine], None] = lambda event, engine: None,
        **more: Any,
    ) -> Runner:
        runner = Runner()
        request = replace(BuildRequest(str(self.context)), cache_from=start, cache_to=to, **more)
        root = str(store or self.store())
        with Engine(EngineOptions(root, environment=self._environment)) as engine:

            def both(event: Event) -> None:
                runner.hear(event)
                hear(event, engine)

            runner.digest = engine.build(request, both).digest
        return runner


@pytest.fixture
def fleet(tmp_path: Path, environment: dict[str, str]) -> Fleet:
    return Fleet(tmp_path, environment)


def _at(host: str, name: str = "app:cache", **options: str) -> tuple[CacheSpec, ...]:
    return (CacheSpec("registry", (("ref", f"{host}/{name}"), *options.items())),)


def _downloads(fake: FakeRegistry) -> int:
    return fake.count("GET", "/blobs/sha256")


def _manifest(fake: FakeRegistry, name: str = "cache") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(fake.manifests["app", name][1])
    return document


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_fresh_runner_asks_once_and_fetches_no_layer_for_a_digest(
    fleet: Fleet, fake: FakeRegistry, mode: str
) -> None:
    first = fleet.build(to=_at(fake.host, mode=mode))
    fake.seen.clear()
    second = fleet.build(start=_at(fake.host), outputs=_DIGEST_ONLY)
    assert (second.digest, second.ran, second.warned) == (first.digest, set(), [])
    assert _downloads(fake) == 0
    assert fake.count("GET", "/manifests/") == 1


def test_the_result_is_fetched_without_what_only_led_to_it(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    fake.seen.clear()
    second = fleet.build(start=_at(fake.host))
    assert (second.digest, second.ran) == (first.digest, set())
    assert _downloads(fake) == 3


def test_pushing_what_the_registry_has_fetches_nothing(fleet: Fleet, fake: FakeRegistry) -> None:
    name = (f"{fake.host}/app:1",)
    pushing = {"tags": name, "outputs": (OutputSpec("registry"),)}
    first = fleet.build(to=_at(fake.host), **pushing)
    fake.seen.clear()
    second = fleet.build(start=_at(fake.host), **pushing)
    assert (second.digest, second.ran) == (first.digest, set())
    assert _downloads(fake) == 0
    assert fake.count("(PATCH|POST)", "/blobs/uploads") <= 1


def test_what_was_used_and_fetched_serves_without_the_cache_later(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    store = fleet.store()
    fleet.build(start=_at(fake.host), store=store)
    fleet.write("d", "more")
    again = fleet.build(store=store, tags=("other:1",), target="")
    assert again.digest == first.digest
    assert "COPY c /c" in again.cached


def test_a_rerun_with_equal_bytes_leaves_the_rest_cached_through_the_cache(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    fleet.write("Dockerfile", _DOCKERFILE.replace("COPY a /out/a", "COPY a a* /out/"))
    second = fleet.build(start=_at(fake.host), outputs=_DIGEST_ONLY)
    assert second.ran == {"COPY a a* /out/"}
    assert second.digest == first.digest


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_changed_step_runs_on_what_the_cache_gives(
    fleet: Fleet, fake: FakeRegistry, mode: str
) -> None:
    fleet.build(to=_at(fake.host, mode=mode))
    fleet.write("Dockerfile", _DOCKERFILE + "COPY --from=made /out /all\n")
    undisturbed = fleet.build()
    second = fleet.build(start=_at(fake.host))
    assert second.digest == undisturbed.digest
    needed = {"COPY --from=made /out /all"}
    remade = {"COPY a /out/a", "COPY b /out/b"} if mode == "min" else set()
    assert second.ran == needed | remade


def test_min_sends_the_layers_of_the_result_and_max_all(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.build(to=_at(fake.host, mode="min"))
    least = {one["digest"] for one in _manifest(fake)["layers"] if "tar" in one["mediaType"]}
    fleet.build(to=_at(fake.host, mode="max"))
    most = {one["digest"] for one in _manifest(fake)["layers"] if "tar" in one["mediaType"]}
    assert (len(least), len(most)) == (3, 5)
    assert least < most


def test_equal_builds_publish_equal_documents(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.build(to=_at(fake.host, mode="max"))
    first = fake.manifests["app", "cache"]
    fleet.build(start=_at(fake.host), to=_at(fake.host, mode="max"))
    assert fake.manifests["app", "cache"] == first


def test_publishing_again_sends_no_layer_and_fetches_none(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.build(to=_at(fake.host, mode="max"))
    fake.seen.clear()
    fleet.build(start=_at(fake.host), to=_at(fake.host, mode="max"), outputs=_DIGEST_ONLY)
    assert fake.count("POST", "/blobs/uploads") == 0
    got = [one.path.rpartition("/")[2] for one in fake.seen if one.method == "GET"]
    layers = {one["digest"] for one in _manifest(fake)["layers"] if "tar" in one["mediaType"]}
    assert not layers.intersection(got)


def test_the_index_comes_after_everything_that_it_names(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.build(to=_at(fake.host, mode="max"))
    writes = [one for one in fake.seen if one.method in ("PUT", "PATCH")]
    assert writes[-1].path == "/v2/app/manifests/cache"
    assert all(("app", one["digest"]) in fake.blobs for one in _manifest(fake)["layers"])


def test_layers_are_sent_while_later_steps_are_still_to_come(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    arrived = threading.Event()
    waited: list[bool] = []

    def watch(handler: Handler) -> bool:
        if handler.command in ("PUT", "POST"):
            arrived.set()
        return False

    def hear(event: Event, _: Engine) -> None:
        if isinstance(event, StepFinished) and not waited:
            waited.append(False)
        elif isinstance(event, StepStarted) and waited == [False]:
            waited[0] = arrived.wait(20)

    fake.fault = watch
    fleet.build(to=_at(fake.host, mode="max"), hear=hear, jobs=1)
    assert waited == [True]


# -- what goes wrong ------------------------------------------------------------------------------


def test_no_cache_yet_is_only_mentioned(fleet: Fleet, fake: FakeRegistry) -> None:
    built = fleet.build(start=_at(fake.host))
    assert built.warned == []
    assert built.noticed == [f"there is no cache at {fake.host}/app:cache yet"]


def test_an_unreachable_cache_is_a_warning(fleet: Fleet) -> None:
    (warning,) = fleet.build(start=_at("127.0.0.1:1")).warned
    assert warning.startswith("CacheNotUsable: the cache 127.0.0.1:1/app:cache is not used: ")


def _flip(data: bytes) -> bytes:
    return data[:50] + bytes([data[50] ^ 1]) + data[51:]


@pytest.mark.parametrize("damage", [_flip, lambda data: data[:-20], lambda data: b"", None])
def test_a_damaged_or_missing_layer_runs_its_step_again(
    fleet: Fleet, fake: FakeRegistry, damage: Callable[[bytes], bytes] | None
) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    layers = [one["digest"] for one in _manifest(fake)["layers"] if "tar" in one["mediaType"]]
    for digest in layers:
        data = fake.blobs.pop(("app", digest))
        if damage is not None:
            fake.blobs["app", digest] = damage(data)
    second = fleet.build(start=_at(fake.host))
    assert second.digest == first.digest
    assert {"COPY c /c", "COPY --from=made /out/a /from"} <= second.ran
    assert second.warned
    assert all(one.startswith("CacheNotUsable: a cached layer") for one in second.warned)


def test_one_missing_layer_costs_only_what_made_it(fleet: Fleet, fake: FakeRegistry) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    lost = _manifest(fake)["layers"][2]["digest"]  # of COPY c
    del fake.blobs["app", lost]
    second = fleet.build(start=_at(fake.host))
    assert (second.digest, second.ran) == (first.digest, {"COPY c /c"})


def test_a_layer_missing_when_it_is_exported_runs_its_step_again(
    fleet: Fleet, fake: FakeRegistry, tmp_path: Path
) -> None:
    first = tmp_path / "first.tar"
    second = tmp_path / "second.tar"
    fleet.build(
        to=_at(fake.host, mode="max"), outputs=(OutputSpec("oci", str(first)),), tags=("a:1",)
    )
    lost = _manifest(fake)["layers"][2]["digest"]
    fake.blobs["app", lost] = _flip(fake.blobs["app", lost])
    built = fleet.build(
        start=_at(fake.host), outputs=(OutputSpec("oci", str(second)),), tags=("a:1",)
    )
    assert built.ran == {"COPY c /c"}
    assert first.read_bytes() == second.read_bytes()


def _lie(fake: FakeRegistry, change: Callable[[dict[str, Any]], object]) -> None:
    """Let the published index say something else, under digests that are right."""
    import base64
    import hashlib
    import zlib

    kind, raw = fake.manifests["app", "cache"]
    manifest = json.loads(raw)
    document = json.loads(zlib.decompress(base64.b64decode(manifest["config"]["data"]), 31))
    change(document)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    data = packer.compress(json.dumps(document).encode()) + packer.flush()
    manifest["config"] |= {
        "data": base64.b64encode(data).decode(),
        "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
    fake.manifests["app", "cache"] = (kind, json.dumps(manifest).encode())


def _swap_layers(document: dict[str, Any]) -> None:
    steps = [one for one in document["steps"] if "blob" in one]
    for one in steps:
        one["blob"] = steps[0]["blob"] if one is not steps[0] else steps[1]["blob"]


def _other_sizes(document: dict[str, Any]) -> None:
    for one in document["steps"]:
        one["size"] = 512


@pytest.mark.parametrize("change", [_swap_layers, _other_sizes])
def test_a_layer_that_is_not_what_the_index_says_is_not_taken(
    fleet: Fleet, fake: FakeRegistry, change: Callable[[dict[str, Any]], object]
) -> None:
    first = fleet.build(to=_at(fake.host, mode="max"))
    _lie(fake, change)
    second = fleet.build(start=_at(fake.host))
    assert second.digest == first.digest
    assert second.warned


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(version=2),
        lambda document: document.update(steps={}),
        lambda document: document["steps"].append(1),
        lambda document: document["steps"][1].update(parent=7),
        lambda document: document["steps"][1].update(parent=1),
        lambda document: document["steps"][1].update(key="x"),
        lambda document: document["steps"][1].update(layer="sha256:x"),
        lambda document: document["steps"][1].update(size=-1),
        lambda document: document["steps"][1].update(size=True),
        lambda document: document["steps"][1].update(leaves=[["a"]]),
        lambda document: document["steps"][1].update(leaves=[["a", 1]]),
        lambda document: document["steps"][1].update(blob={}),
        lambda document: document.update(selections=[]),
        lambda document: document.update(files={"x": 1}),
        lambda document: document.update(steps=[{}] * 20_001),
    ],
)
def test_an_index_that_says_nonsense_is_ignored_with_a_warning(
    fleet: Fleet, fake: FakeRegistry, change: Callable[[dict[str, Any]], object]
) -> None:
    first = fleet.build(to=_at(fake.host))
    _lie(fake, change)
    second = fleet.build(start=_at(fake.host))
    assert second.digest == first.digest
    assert len(second.ran) == 5
    (warning,) = second.warned
    assert warning.startswith(f"CacheNotUsable: the cache {fake.host}/app:cache is not used: ")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda raw: re.sub(rb'"data": "....', b'"data": "AAAA', raw),
        lambda raw: raw.replace(b'"data": "', b'"data": "!!!'),
        lambda raw: b"[]",
        lambda raw: b"{}",
        lambda raw: b"[" * 100_000,
        lambda raw: raw + b" " * (8 * 1024 * 1024),
    ],
)
def test_a_spoilt_manifest_is_ignored_with_a_warning(
    fleet: Fleet, fake: FakeRegistry, spoil: Callable[[bytes], bytes]
) -> None:
    first = fleet.build(to=_at(fake.host))
    kind, raw = fake.manifests["app", "cache"]
    fake.manifests["app", "cache"] = (kind, spoil(raw))
    second = fleet.build(start=_at(fake.host))
    assert (second.digest, len(second.ran), len(second.warned)) == (first.digest, 5, 1)


def test_a_compressed_index_that_is_endless_is_ignored(fleet: Fleet, fake: FakeRegistry) -> None:
    first = fleet.build(to=_at(fake.host))
    _lie(fake, lambda document: document.update(selections={"x": "0" * 70_000_000}))
    second = fleet.build(start=_at(fake.host))
    assert second.digest == first.digest
    assert "too large" in second.warned[0]


@pytest.mark.parametrize("form", ["index", "manifest"])
def test_a_cache_of_buildkit_is_named_and_ignored(
    fleet: Fleet, fake: FakeRegistry, form: str
) -> None:
    config = {
        "mediaType": "application/vnd.buildkit.cacheconfig.v0",
        "digest": "sha256:" + "0" * 64,
        "size": 2,
    }
    kind = f"application/vnd.oci.image.{form}.v1+json"
    body = {"manifests": [config]} if form == "index" else {"config": config, "layers": []}
    document = {"schemaVersion": 2, "mediaType": kind, **body}
    fake.manifests["app", "cache"] = (kind, json.dumps(document).encode())
    (warning,) = fleet.build(start=_at(fake.host)).warned
    assert "is a cache of BuildKit" in warning


def test_an_image_without_a_cache_is_a_warning(
    fleet: Fleet, fake: FakeRegistry, image: Callable[..., Any]
) -> None:
    fake.add("app", image({"x": b"x"}), "cache")
    (warning,) = fleet.build(start=_at(fake.host)).warned
    assert "holds no cache" in warning


def _refuse_writing(handler: Handler) -> bool:
    if handler.command in ("POST", "PUT", "PATCH"):
        handler.answer(403)
        return True
    return False


def test_a_cache_that_cannot_be_written_fails_the_build(fleet: Fleet, fake: FakeRegistry) -> None:
    fake.fault = _refuse_writing
    with pytest.raises(RegistryError) as caught:
        fleet.build(to=_at(fake.host))
    assert caught.value.message.startswith(f"cannot publish the cache {fake.host}/app:cache: ")


def test_ignoring_errors_makes_that_a_warning(fleet: Fleet, fake: FakeRegistry) -> None:
    fake.fault = _refuse_writing
    built = fleet.build(to=_at(fake.host, **{"ignore-error": "true"}))
    (warning,) = built.warned
    assert warning.startswith("CacheNotPublished: ")


def test_a_failed_build_publishes_nothing(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.write("Dockerfile", _DOCKERFILE + "COPY missing /\n")
    with pytest.raises(LithifyError):
        fleet.build(to=_at(fake.host, mode="max"))
    assert fake.manifests == {}


def test_a_stopped_build_publishes_nothing(fleet: Fleet, fake: FakeRegistry) -> None:
    def hear(event: Event, engine: Engine) -> None:
        if isinstance(event, StepFinished):
            engine.cancel()

    with pytest.raises(Cancelled):
        fleet.build(to=_at(fake.host, mode="max"), hear=hear, jobs=1)
    assert fake.manifests == {}


def test_a_digest_cannot_be_published_to(fleet: Fleet, fake: FakeRegistry) -> None:
    with pytest.raises(UsageError, match="has a digest"):
        fleet.build(to=_at(fake.host, f"app@sha256:{'0' * 64}"))


def test_publishers_at_once_leave_one_whole_cache(fleet: Fleet, fake: FakeRegistry) -> None:
    errors: list[Exception] = []

    def publish(target: str) -> None:
        try:
            fleet.build(to=_at(fake.host, mode="max"), labels=(("l", target),))
        except LithifyError as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(str(number),)) for number in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert errors == []
    fake.seen.clear()
    assert fleet.build(start=_at(fake.host)).ran == set()


# -- several, inline, real ------------------------------------------------------------------------


def test_the_second_cache_gives_what_the_first_has_lost(fleet: Fleet, fake: FakeRegistry) -> None:
    both = (*_at(fake.host, "one:cache"), *_at(fake.host, "two:cache"))
    first = fleet.build(to=tuple(replace(one) for one in both))
    for key in [key for key in fake.blobs if key[0] == "one"]:
        del fake.blobs[key]
    second = fleet.build(start=both)
    assert (second.digest, second.ran, second.warned) == (first.digest, set(), [])


def test_an_inline_cache_is_in_the_image_and_equal_builds_stay_equal(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    inline = (CacheSpec("inline"),)
    pushing = {"tags": (f"{fake.host}/app:cache",), "outputs": (OutputSpec("registry"),)}
    first = fleet.build(to=inline, **pushing)
    alone = fleet.build(to=inline, outputs=_DIGEST_ONLY)
    fake.seen.clear()
    second = fleet.build(start=_at(fake.host), to=inline, outputs=_DIGEST_ONLY)
    assert second.ran == set()
    assert second.digest == alone.digest
    assert _downloads(fake) == 1  # the config
    third = fleet.build(start=_at(fake.host), to=inline, **pushing)
    assert (third.digest, third.ran) == (first.digest, set())


def test_an_inline_cache_holds_nothing_but_names(fleet: Fleet, fake: FakeRegistry) -> None:
    fleet.write("Dockerfile", "FROM scratch AS x\nARG TOKEN\nCOPY a /$TOKEN\n" + _DOCKERFILE)
    pushing = {"tags": (f"{fake.host}/app:cache",), "outputs": (OutputSpec("registry"),)}
    fleet.build(to=(CacheSpec("inline"),), build_args=(("TOKEN", "hidden"),), **pushing)
    config = json.loads(fake.blobs["app", _manifest(fake)["config"]["digest"]])
    text = config["lithify.cache.v1"]
    assert set(json.loads(text)) == {"steps", "selections"}
    assert re.fullmatch(r'[\[\]{}",:0-9a-fstelcionp]*', text.replace("sha256", ""))


def test_several_platforms_share_one_cache(fleet: Fleet, fake: FakeRegistry) -> None:
    platforms = ("linux/amd64", "linux/arm64")
    first = fleet.build(to=_at(fake.host, mode="max"), platforms=platforms)
    second = fleet.build(start=_at(fake.host), platforms=platforms, outputs=_DIGEST_ONLY)
    assert (second.digest, second.ran) == (first.digest, set())


def test_an_inline_cache_of_several_platforms_is_read_from_all_images(
    fleet: Fleet, fake: FakeRegistry
) -> None:
    platforms = ("linux/amd64", "linux/arm64")
    pushing = {"tags": (f"{fake.host}/app:cache",), "outputs": (OutputSpec("registry"),)}
    fleet.build(to=(CacheSpec("inline"),), platforms=platforms, **pushing)
    second = fleet.build(start=_at(fake.host), platforms=platforms, outputs=_DIGEST_ONLY)
    assert second.ran == set()


@pytest.mark.parametrize("form", ["gzip", "zstd", "uncompressed"])
def test_a_real_registry_keeps_and_gives_a_cache(
    fleet: Fleet, start_registry: Callable[..., RealRegistry], form: str
) -> None:
    host = start_registry().host
    first = fleet.build(to=_at(host, mode="max", compression=form))
    second = fleet.build(start=_at(host))
    assert (second.digest, second.ran, second.warned) == (first.digest, set(), [])
