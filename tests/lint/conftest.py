"""What tests of checks stand on: a way to check a text in one call, with images and an ignore file that are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lithify.cache.digest import Digest
from lithify.cache.ignore import parse_ignore_file
from lithify.cache.oci import ContainerConfig, Descriptor, ImageConfig
from lithify.cache.platform import Platform
from lithify.cache.ports import ResolvedImage
from lithify.compiler.lint.engine import Checked, plan_and_check
from lithify.compiler.lint.linter import LintFinding, Surrounding
from lithify.compiler.lint.linter import lint as lint_file
from lithify.compiler.lint.policy import Policy, plain_names
from lithify.compiler.lint.rule import Profile
from lithify.compiler.lint.world import RuleOptions, World
from lithify.compiler.offline import LenientResolver
from lithify.compiler.plan import BuildOptions
from lithify.errors import ImageNotFound, SourceText
from lithify.grammar.parser import parse
from tests.lint.worlds import IMAGES

AMD64 = Platform("linux", "amd64")
Check = Callable[..., Checked]
Lines = Callable[[Checked], list[str]]
Lint = Callable[..., tuple[LintFinding, ...]]


class Images:
    """`foreign` is for another architecture, `java` sets variables and a shell, `careful` a better one; no others are there."""

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        configs = {
            "foreign": ImageConfig(Platform("linux", "s390x")),
            "java": ImageConfig(
                AMD64, ContainerConfig(env=("JAVA_HOME=/opt/java",), shell=("/bin/bash", "-c"))
            ),
            "careful": ImageConfig(
                AMD64, ContainerConfig(shell=("/bin/bash", "-eo", "pipefail", "-c"))
            ),
            "child": ImageConfig(AMD64, ContainerConfig(on_build=("ARG FIRED=1",))),
            "image-with-onbuild": ImageConfig(
                AMD64, ContainerConfig(on_build=("COPY . /srv", "RUN  make"))
            ),
            "image-with-volume": ImageConfig(AMD64, ContainerConfig(volumes=("/var/data",))),
            **{name: ImageConfig(AMD64) for name in IMAGES},
        }
        if reference not in configs:
            raise ImageNotFound(f"no image {reference}")
        manifest = Descriptor("manifest", Digest.of(reference.encode()), 1)
        return ResolvedImage(reference, manifest, configs[reference], ())


@pytest.fixture
def check() -> Check:
    """`check(text, args={...}, ignore="...", every_stage=True, target="")`."""

    def checked(
        text: str,
        *,
        args: dict[str, str] | None = None,
        ignore: str | None = None,
        every_stage: bool = True,
        **options: Any,
    ) -> Checked:
        matcher = None if ignore is None else parse_ignore_file(ignore)
        return plan_and_check(
            parse(SourceText("Dockerfile", text)),
            BuildOptions(build_args=tuple((args or {}).items()), host=AMD64, **options),
            LenientResolver(Images()),
            lambda: matcher,
            every_stage=every_stage,
        )

    return checked


@pytest.fixture
def lines() -> Lines:
    """The findings of a check as `LINE:Rule`."""

    def shown(checked: Checked) -> list[str]:
        return [f"{finding.span.line}:{finding.rule.name}" for finding in checked.findings]

    return shown


@pytest.fixture
def lint() -> Lint:
    """`lint(text, profile="hadolint", select=["DL3057"], args={...}, ignore="...", options=RuleOptions(...), world=...)`.

    All findings of a text; those of `select` only, if it is given."""

    def linted(
        text: str,
        *,
        profile: str = "default",
        select: tuple[str, ...] = (),
        args: dict[str, str] | None = None,
        ignore: str | None = None,
        options: RuleOptions | None = None,
        world: World | None = None,
    ) -> tuple[LintFinding, ...]:
        matcher = None if ignore is None else parse_ignore_file(ignore)
        build = BuildOptions(build_args=tuple((args or {}).items()), host=AMD64)
        around = Surrounding(build, LenientResolver(Images()), lambda: matcher, world or World())
        policy = Policy(
            Profile(profile), selected=plain_names(select), options=options or RuleOptions()
        )
        return lint_file(parse(SourceText("Dockerfile", text)), policy, around)

    return linted
