"""Rules about commands where our own verdict and hadolint's differ, and what counts for both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lint.conftest import Lint

_PIPEFAIL = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'

_OURS_ONLY = [
    ("cache-clean-apt", "RUN apt-get update && rm -rf /tmp/x"),
    ("cache-clean-apt", "RUN rm -rf /var/lib/apt/lists/* && apt-get update"),
    ("cache-clean-yum", "RUN yum install a && rm -rf /tmp/x"),
    ("cache-clean-dnf", "RUN dnf install a && rm -rf /tmp/x"),
    ("useradd-l", "RUN useradd --uid 1234567 a"),
    ("useradd-l", "RUN useradd -u1234567 a"),
    ("pin-pip", "RUN python3 -m pip --no-cache-dir install a"),
    ("cache-clean-pip", "RUN python3 -Im pip install a"),
    ("archive-add", "COPY a.tar /\nRUN tar xf /a.tar"),
]
_HADOLINT_ONLY = [
    ("pin-pip", "RUN pip install --timeout 60 a==1"),
    ("pin-apt", "RUN apt-get install -a amd64 curl=1"),
    ("pin-apk", "RUN apk add --root /x curl=1"),
    ("pin-zypper", "RUN zypper install --repo main a=1"),
    ("pin-npm", "RUN npm install --registry main a@1"),
    ("pin-go", "RUN go install -tags netgo a@v1"),
    ("pin-go", "RUN go run main.go"),
    ("pin-yum", "RUN yum install /tmp/tool.rpm"),
    ("cache-clean-apt", "RUN --mount=type=cache,target=/var/lib/apt apt-get update"),
    ("cache-clean-apk", "RUN --mount=type=cache,target=/var/cache apk add a"),
    ("archive-add", "COPY a.gz /\nRUN gunzip /a.gz"),
    ("pipefail", 'RUN ["bash", "-o", "pipefail", "-c", "a | b"]'),
    ("pipefail", "RUN set -euxo pipefail; a | b"),
    ("pipefail", "RUN <<EOF bash\nset -o pipefail\na | b\nEOF\n"),
    ("pipefail", 'SHELL ["/bin/sh", "-eo", "pipefail", "-c"]\nRUN a | b'),
    ("pipefail", f"{_PIPEFAIL}\nFROM base\nRUN a | b"),
]
_BOTH = [
    ("cache-clean-apt", "FROM base\nRUN apt-get update"),
    ("cache-clean-apk", "RUN --mount=type=bind,target=/var/cache/apk apk add a"),
    ("pipefail", "RUN a |& b"),
    ("pipefail", 'SHELL ["/bin/bash", "-o", "errexit", "-c"]\nRUN a | b'),
    ("run-merge", "RUN [ -f a ] && b\nRUN X=1; c"),
]
_NEITHER = [
    ("cache-clean-apk", "RUN --mount=type=cache,dst=/var/cache/apk/ apk add a"),
    ("cache-clean-yarn", "RUN --mount=type=tmpfs,target=/root/.cache/yarn yarn install"),
    ("pipefail", f"{_PIPEFAIL}\nRUN a | b"),
    ("pipefail", "CMD a | b"),
    ("pipefail", "ONBUILD RUN a | b"),
    ("run-merge", "RUN a && b\nRUN c"),
    ("archive-add", "COPY a.tar.gz /\nRUN tar -tzf /a.tar.gz"),
    ("sudo", 'RUN echo "sudo"'),
    ("sudo", "RUN if true; then sudo"),
]


def _is_found(rule: str, text: str, profile: str, lint: Lint) -> bool:
    found = lint(f"FROM debian AS base\n{text}\n\n", profile=profile)
    return rule in [one.rule.slug for one in found]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (*case, expected)
        for cases, expected in (
            (_OURS_ONLY, (True, False)),
            (_HADOLINT_ONLY, (False, True)),
            (_BOTH, (True, True)),
            (_NEITHER, (False, False)),
        )
        for case in cases
    ],
)
def test_a_verdict_depends_on_whose_it_is(
    rule: str, text: str, expected: tuple[bool, bool], lint: Lint
) -> None:
    found = tuple(_is_found(rule, text, profile, lint) for profile in ("default", "hadolint"))
    assert found == expected


def test_the_shell_of_the_base_image_counts(lint: Lint) -> None:
    text = "FROM {}\nRUN a | b\n"
    found = {
        image: [one.rule.name for one in lint(text.format(image)) if one.rule.slug == "pipefail"]
        for image in ("java", "careful")
    }
    assert found == {"java": ["DL4006"], "careful": []}


def test_a_stage_that_another_is_built_from_ships_only_if_that_one_does(lint: Lint) -> None:
    text = (
        "FROM debian AS a\nRUN apt-get update\nFROM a AS b\nRUN apt-get update\n"
        "FROM debian\nCOPY --from=b / /\nRUN apt-get update\n"
    )
    lines = {
        profile: [
            one.span.line
            for one in lint(text, profile=profile)
            if one.rule.slug == "cache-clean-apt"
        ]
        for profile in ("default", "hadolint")
    }
    assert lines == {"default": [7], "hadolint": [2, 7]}


def test_hadolint_reports_a_run_once_and_we_every_command(lint: Lint) -> None:
    text = "FROM debian\nRUN sudo a && \\\n  sudo b\n"
    places = {
        profile: [
            (one.span.line, one.span.column)
            for one in lint(text, profile=profile)
            if one.rule.slug == "sudo"
        ]
        for profile in ("default", "hadolint")
    }
    assert places == {"default": [(2, 5), (3, 3)], "hadolint": [(2, 1)]}
