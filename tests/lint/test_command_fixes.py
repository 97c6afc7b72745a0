"""Changes of scripts: what they make of a file, that the rule is then silent, and which of them are safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from lithify.compiler.lint.context import Fix
    from tests.lint.conftest import Lint


class Case(NamedTuple):
    rule: str
    before: str
    after: str


_SAFE = [
    Case("yes-flag-apt", "RUN apt-get install curl", "RUN apt-get install -y curl"),
    Case(
        "yes-flag-apt",
        "RUN a && apt-get \\\n    # why\n    install \\\n    curl \\\n && apt-get install jq",
        "RUN a && apt-get \\\n    # why\n    install -y \\\n    curl \\\n && apt-get install -y jq",
    ),
    Case(
        "yes-flag-apt",
        "ONBUILD RUN <<EOF\n  apt-get install curl\nEOF",
        "ONBUILD RUN <<EOF\n  apt-get install -y curl\nEOF",
    ),
    Case("yes-flag-yum", "RUN yum groupinstall web", "RUN yum groupinstall -y web"),
    Case("yes-flag-dnf", "RUN x=$(microdnf install a)", "RUN x=$(microdnf install -y a)"),
    Case("yes-flag-zypper", "RUN zypper in a", "RUN zypper --non-interactive in a"),
    Case(
        "apt-cli",
        "RUN apt update && apt -y install a",
        "RUN apt-get update && apt-get -y install a",
    ),
    Case("cache-clean-apk", "RUN apk -U add a", "RUN apk -U add --no-cache a"),
    Case(
        "cache-clean-pip",
        "RUN python3 -m pip install a",
        "RUN python3 -m pip install --no-cache-dir a",
    ),
    Case("useradd-l", "RUN useradd -u 1234567 a", "RUN useradd -l -u 1234567 a"),
    Case(
        "wget-progress",
        "RUN apt-get install wget\nRUN wget http://a",
        "RUN apt-get install wget\nRUN wget --progress=dot:giga http://a",
    ),
]
_UNSAFE = [
    Case("sudo", "RUN true && sudo ls -l", "RUN true && ls -l"),
    Case(
        "no-recommends",
        "RUN apt-get install -y a",
        "RUN apt-get install --no-install-recommends -y a",
    ),
    Case("wget-progress", "RUN wget http://a", "RUN wget --progress=dot:giga http://a"),
    Case(
        "cache-clean-apt",
        "RUN apt-get update \\\n && apt-get install a",
        "RUN apt-get update \\\n && apt-get install a && rm -rf /var/lib/apt/lists/*",
    ),
    Case(
        "cache-clean-apt",
        "RUN <<EOF\napt-get update\nEOF",
        "RUN <<EOF\napt-get update\nrm -rf /var/lib/apt/lists/*\nEOF",
    ),
    Case("cache-clean-yum", "RUN yum install a", "RUN yum install a && yum clean all"),
    Case("cache-clean-dnf", "RUN microdnf in a", "RUN microdnf in a && microdnf clean all"),
    Case("cache-clean-zypper", "RUN zypper in a", "RUN zypper in a && zypper clean --all"),
    Case("cache-clean-yarn", "RUN yarn install", "RUN yarn install && yarn cache clean"),
    Case("run-merge", "RUN a\nRUN b \\\n  c\nRUN d", "RUN a \\\n && b \\\n  c \\\n && d"),
    Case(
        "pipefail",
        "RUN a | b",
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a | b',
    ),
]
#: Where a change cannot be written plainly, or would mean something else.
_NONE = [
    ("yes-flag-apt", 'RUN ["apt-get", "install", "curl"]'),
    ("yes-flag-apt", "RUN apt-get ins\\\ntall curl"),
    ("apt-cli", "RUN apt list --installed"),
    ("sudo", "RUN sudo -u app ls"),
    ("sudo", "RUN sudo A=1 ls"),
    ("sudo", "RUN sudo \\\n  # remark\n  ls"),
    ("cache-clean-apt", "RUN if a; then apt-get update; fi"),
    ("cache-clean-apt", "RUN apt-get update # lists"),
    ("cache-clean-apt", "RUN cat <<EOF && apt-get update\nEOF"),
    ("run-merge", "RUN a\n# remark\nRUN b"),
    ("run-merge", "RUN a\nRUN <<EOF\nb\nEOF"),
    ("run-merge", 'RUN a\nRUN ["b"]'),
    ("run-merge", "RUN a &\nRUN b"),
    ("pipefail", 'SHELL ["/bin/bash", "-c"]\nRUN a | b'),
]


def _fixes(text: str, rule: str, lint: Lint) -> list[Fix]:
    findings = [one for one in lint(f"FROM debian\n{text}\n") if one.rule.slug == rule]
    return [fix for one in findings for fix in one.fixes]


def _applied(text: str, fixes: list[Fix]) -> str:
    text = f"FROM debian\n{text}\n"
    edits = [edit for fix in fixes for edit in fix.edits]
    for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text.removeprefix("FROM debian\n").removesuffix("\n")


@pytest.mark.parametrize(
    ("case", "is_safe"),
    [*((case, True) for case in _SAFE), *((case, False) for case in _UNSAFE)],
)
def test_a_change_ends_the_finding(case: Case, is_safe: bool, lint: Lint) -> None:
    fixes = _fixes(case.before, case.rule, lint)
    assert {fix.is_safe for fix in fixes} == {is_safe}
    assert _applied(case.before, fixes) == case.after
    assert not [one for one in lint(f"FROM debian\n{case.after}\n") if one.rule.slug == case.rule]


@pytest.mark.parametrize(("rule", "text"), _NONE)
def test_nothing_is_proposed_where_it_would_be_wrong(rule: str, text: str, lint: Lint) -> None:
    findings = [one for one in lint(f"FROM debian\n{text}\n") if one.rule.slug == rule]
    assert findings
    assert not [fix for one in findings for fix in one.fixes]
