"""What the compiler's tests stand on: a resolver with a few made-up images, and text to plan in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lithify.cache.digest import Digest
from lithify.cache.oci import ContainerConfig, Descriptor, HistoryEntry, ImageConfig
from lithify.cache.platform import Platform
from lithify.cache.ports import Layer, ResolvedImage
from lithify.compiler.plan import BuildOptions, Plan
from lithify.compiler.stages import make_plan
from lithify.errors import ImageNotFound, SourceText
from lithify.grammar.parser import parse

AMD64 = Platform("linux", "amd64")
PATH = "PATH=/bin"


class FakeResolver:
    """Images by name; every question is noted in `asked`."""

    def __init__(self, images: Mapping[str, ContainerConfig], layers: int = 1) -> None:
        self.images = images
        self.layers = layers
        self.asked: list[tuple[str, str]] = []

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        self.asked.append((reference, str(platform)))
        if reference not in self.images:
            raise ImageNotFound(f"no image {reference}", hint="pull it first")
        diff_ids = tuple(Digest.of(f"{reference} {n}".encode()) for n in range(self.layers))
        layers = tuple(Layer(Descriptor("layer", one, 1), one) for one in diff_ids)
        history = tuple(HistoryEntry("2020-01-01T00:00:00Z", f"layer {one}") for one in diff_ids)
        config = ImageConfig(platform, self.images[reference], diff_ids, history, author="maker")
        manifest = Descriptor("manifest", Digest.of(reference.encode()), 1)
        name = reference if ":" in reference else f"docker.io/library/{reference}:latest"
        return ResolvedImage(name, manifest, config, layers)


BASE = ContainerConfig(env=(PATH, "FROM_BASE=yes"), cmd=("sh",), user="app", working_dir="/srv")


def _options(given: Mapping[str, Any]) -> BuildOptions:
    options = dict(given)
    options["build_args"] = tuple(options.pop("args", {}).items())
    options.setdefault("host", AMD64)
    return BuildOptions(**options)


@pytest.fixture
def resolver() -> FakeResolver:
    """`base` has a user, a command and variables; `plain` nothing; `trigger` has triggers."""
    return FakeResolver(
        {
            "base": BASE,
            "plain": ContainerConfig(env=(PATH,)),
            "trigger": ContainerConfig(
                env=(PATH,), on_build=("ENV FIRED=1", "COPY --from=helper /a /b")
            ),
            "oci-layout://there": ContainerConfig(env=(PATH, "NAMED=1")),
        }
    )


@pytest.fixture
def plan_of(resolver: FakeResolver) -> Callable[..., Plan]:
    """`plan_of(text, args={...}, target=..., ...)` with the members of BuildOptions."""

    def plan(text: str, **options: Any) -> Plan:
        return make_plan(parse(SourceText("Dockerfile", text)), _options(options), resolver)

    return plan
