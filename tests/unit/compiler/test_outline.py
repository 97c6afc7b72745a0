"""What a Dockerfile offers: its targets with their descriptions, and what a target can be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lithify.cache.platform import Platform
from lithify.compiler.offline import LenientResolver
from lithify.compiler.outline import Outline, list_targets, make_outline
from lithify.compiler.plan import BuildOptions
from lithify.errors import ImageNotFound, SourceError, SourceErrors, SourceText
from lithify.grammar.parser import parse

_TEXT = """ARG inherited=box
ARG inherited2=box2
ARG unused=abc${inherited2}
# sfx is a suffix
ARG sfx="usy${inherited}"

FROM b${sfx} AS first
# this is not assigned to anything
ARG FOO=123
# BAR is a number
ARG BAR=456
RUN true

FROM alpine${unused} AS second
ARG BAZ
RUN true

# target defines build target
FROM scratch AS third
ARG BAZ
RUN true

# third2 belongs to another stage
# target defines build target
FROM third AS target
COPY --from=first /foo /
RUN true

FROM second
"""


class _NoImages:
    def resolve(self, reference: str, platform: Platform) -> Any:
        raise ImageNotFound(f"no image {reference}")


@pytest.fixture
def outline() -> Callable[..., Outline]:
    """`outline(text, args={...}, target="...")`, on a machine without images."""

    def made(text: str, args: dict[str, str] | None = None, **options: Any) -> Outline:
        given = tuple((args or {}).items())
        host = Platform("linux", "amd64")
        return make_outline(
            parse(SourceText("Dockerfile", text)),
            BuildOptions(build_args=given, host=host, **options),
            LenientResolver(_NoImages()),
        )

    return made


def _args(found: Outline) -> list[tuple[str, str, str, int]]:
    return [(one.name, one.value, one.description, one.span.line) for one in found.args]


def test_only_arguments_on_the_way_to_the_target_are_told(outline: Callable[..., Outline]) -> None:
    found = outline(_TEXT, target="target")
    assert (found.name, found.description) == ("target", "defines build target")
    assert _args(found) == [
        ("inherited", "box", "", 1),
        ("sfx", "usybox", "is a suffix", 5),
        ("FOO", "123", "", 9),
        ("BAR", "456", "is a number", 11),
        ("BAZ", "", "", 20),
    ]


def test_arguments_that_are_given_change_the_values(outline: Callable[..., Outline]) -> None:
    found = outline(_TEXT, target="target", args={"sfx": "", "BAR": "1", "BAZ": "z"})
    assert [(one.name, one.value) for one in found.args] == [
        ("sfx", ""),
        ("FOO", "123"),
        ("BAR", "1"),
        ("BAZ", "z"),
    ]


def test_an_argument_of_the_head_that_a_stage_takes_over_is_told_where_it_is_defined(
    outline: Callable[..., Outline],
) -> None:
    text = "ARG B=2\nARG B=1\nARG A=${B}x\nFROM scratch\nARG A\nARG TARGETARCH\n"
    assert _args(outline(text)) == [("B", "1", "", 2), ("A", "1x", "", 3)]


def test_secrets_and_agents_are_told_once_and_required_if_any_use_requires_them(
    outline: Callable[..., Outline],
) -> None:
    text = (
        "FROM scratch\n"
        "ARG ID=token\n"
        "RUN --mount=type=secret,id=$ID --mount=type=ssh a\n"
        "RUN --mount=type=secret,id=token,required --mount=type=cache,target=/c b\n"
        "RUN --mount=type=secret,target=/x/name --mount=type=ssh,id=git,required=true c\n"
    )
    found = outline(text)
    assert [(one.name, one.is_required, one.span.line) for one in found.secrets] == [
        ("token", True, 3),
        ("name", False, 5),
    ]
    assert [(one.name, one.is_required) for one in found.ssh] == [("default", False), ("git", True)]


def test_targets_are_listed_with_descriptions_and_the_default_last() -> None:
    text = "# build makes it\n# Build no\nFROM --platform=$BUILDPLATFORM a AS Build\nFROM b\n"
    found = list_targets(parse(SourceText("Dockerfile", text)))
    assert [(one.name, one.description, one.base, one.platform) for one in found] == [
        ("build", "makes it", "a", "$BUILDPLATFORM"),
        ("", "", "b", ""),
    ]
    assert [one.is_default for one in found] == [False, True]
    assert [one.span.line for one in found] == [3, 4]


def test_mistakes_are_reported_instead_of_an_answer(outline: Callable[..., Outline]) -> None:
    with pytest.raises(SourceErrors, match="unknown instruction"):
        list_targets(parse(SourceText("Dockerfile", "FROM a\nCPOY b c\n")))
    with pytest.raises(SourceErrors, match="unknown instruction"):
        outline("FROM a\nCPOY b c\n")
    with pytest.raises(SourceError, match='target stage "c" could not be found'):
        outline("FROM a\n", target="c")
