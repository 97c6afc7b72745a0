"""The linter over whole files: it reads on behind mistakes, looks at all stages, and says each thing once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lithify.compiler.lint.linter import Surrounding, examine, judge
from lithify.compiler.lint.linter import lint as lint_file
from lithify.compiler.lint.policy import Policy, plain_names
from lithify.compiler.lint.rule import Profile, Rule, Severity
from lithify.errors import SourceText
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from tests.lint.conftest import Lint


def _names(found: Any) -> list[str]:
    return [f"{one.span.line}:{one.rule.name}" for one in found]


def test_every_independent_mistake_is_one_finding_and_hides_nothing_behind_it(lint: Lint) -> None:
    text = (
        'FROM busybox:1\nRNU a\nWORKDIR\nMAINTAINER me\nHEALTHCHECK --interval=5 CMD ["a"]\n'
        "RUN --mount=type=cache true\nCOPY --from=9 a b\nEXPOSE 80/TCP\n"
    )
    found = _names(lint(text))
    mistakes = [one for one in found if one.endswith(":DL1000")]
    assert mistakes[:4] == ["2:DL1000", "3:DL1000", "5:DL1000", "6:DL1000"]
    assert "4:MaintainerDeprecated" in found
    assert "8:ExposeProtoCasing" in found


def test_a_piece_without_from_is_checked(lint: Lint) -> None:
    found = _names(lint("RUN sudo true\nMAINTAINER me\n", profile="hadolint"))
    assert "1:DL3004" in found
    assert "1:DL1000" not in found


def test_all_stages_are_looked_at_whether_needed_or_not(lint: Lint) -> None:
    found = _names(lint("FROM busybox:1 AS a\nENV A=$NO\nFROM busybox:1\nENV A=$NO\n"))
    assert [one for one in found if "UndefinedVar" in one] == ["2:UndefinedVar", "4:UndefinedVar"]


def test_a_base_that_depends_on_an_argument_is_no_mistake(lint: Lint) -> None:
    found = _names(lint("ARG BASE\nARG TAG\nFROM $BASE\nRUN a\nFROM busybox:$TAG\nENV A=$NO\n"))
    assert not [one for one in found if one.endswith("DL1000")]
    assert "6:UndefinedVar" in found


def test_stages_that_use_each_other_are_told_of_without_a_graph_library(lint: Lint) -> None:
    import sys

    before = "networkx" in sys.modules
    found = lint(
        "FROM busybox:1 AS a\nCOPY --from=b / /x\nFROM busybox:1 AS b\nCOPY --from=a / /\n"
    )
    assert any(one.span.line == 2 and one.level is Severity.ERROR for one in found)
    assert ("networkx" in sys.modules) == before


def test_a_problem_is_said_once() -> None:
    file = parse(SourceText("Dockerfile", "FROM busybox:1\nEXPOSE 99999\n"))
    found = [one for one in lint_file(file) if one.span.line == 2]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("policy", "level"),
    [
        (Policy(), "warning"),
        (Policy(levels=(("maintainerdeprecated", Severity.INFO),)), "info"),
        (
            Policy(
                levels=(("maintainer", Severity.STYLE), ("maintainerdeprecated", Severity.ERROR))
            ),
            "error",
        ),
        (Policy(selected=plain_names(["MaintainerDeprecated"])), "warning"),
        (Policy(selected=plain_names(["json-form"])), ""),
        (Policy(selected=plain_names(["all"])), "warning"),
        (Policy(ignored=plain_names(["Maintainer"])), ""),
        (Policy(ignored=plain_names(["maintainer"]), levels=(("maintainer", Severity.ERROR),)), ""),
        (Policy(ignored=plain_names(["all"])), ""),
    ],
)
def test_a_policy_decides_whether_and_how_gravely(policy: Policy, level: str) -> None:
    file = parse(SourceText("Dockerfile", "FROM busybox:1\nMAINTAINER me\n"))
    levels = [one.level.value for one in lint_file(file, policy) if one.rule.slug == "maintainer"]
    assert levels == ([level] if level else [])


def test_findings_of_others_obey_the_same_comments_and_policy() -> None:
    shell = Rule("sc2086", "SC2086", severity=Severity.INFO, profiles=frozenset(Profile))
    text = "FROM busybox:1\nRUN a $b\n# hadolint ignore=SC2086\nRUN c $d\n"
    file = parse(SourceText("Dockerfile", text))
    policy = Policy()
    examined = examine(file, policy, Surrounding())
    from lithify.compiler.lint.context import about

    extra = [(shell, about(one, "quote it")) for one in file.instructions[1:]]
    found = [one for one in judge(examined, policy, extra) if one.rule == shell]
    assert _names(found) == ["2:SC2086"]
    quiet = policy._replace(ignored=plain_names(["sc2086"]))
    assert not [one for one in judge(examined, quiet, extra) if one.rule == shell]


def test_the_profile_of_hadolint_points_at_the_instruction_once(lint: Lint) -> None:
    text = "FROM debian:12\nRUN true && \\\n  apt-get install a && apt-get install b\n"
    found = [one for one in lint(text, profile="hadolint") if one.rule.name == "DL3008"]
    assert [(one.span.line, one.span.column) for one in found] == [(2, 1)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a:1\nFOO bar\n", 2),
        ("FROM a:1\nRUN <<EOF\nx\nEOF\nCMD a\n", 5),
        ("FROM a:1\nADD <<EOF /x\nx\nEOF\n\n", 2),
        ("FROM a:1\nEXPOSE 8080:80\n", 2),
        ("FROM a:1\nEXPOSE 80/sctp\n", 2),
        ("FROM a:1\nRUN a \\\n  \n  && b\n", 3),
        ('FROM a:1\nRUN ["a"] b\n', 2),
        ("FROM a:1\nRUN <<-EOF\n\tx\n\tEOF\n\n", 4),
        ("FROM a:1\nCOPY --from= a b\n", 2),
        ("FROM localhost:5000/x:1\n", 1),
        ('FROM a:1\nCMD ["a"] b\n', 2),
        ("FROM a:1\nRUN\n", 2),
        ("FROM a:1\nHEALTHCHECK --interval=5 CMD a\n", 2),
    ],
)
def test_what_hadolint_cannot_read_is_its_only_finding(lint: Lint, text: str, line: int) -> None:
    assert _names(lint(f"{text}MAINTAINER me\n", profile="hadolint")) == [f"{line}:DL1000"]


@pytest.mark.parametrize(
    "text",
    [
        "FROM a:1\nRUN <<EOF\nx\nEOF\n\nCMD a\n",
        "FROM a:1\nEXPOSE 80 443/tcp $P 1-2/udp\n",
        "FROM localhost:5000/x\n",
        "FROM a.example.org:5000/x:1\n",
        "RUN a\n",
    ],
)
def test_what_hadolint_reads_is_not_refused(lint: Lint, text: str) -> None:
    assert not [one for one in lint(text, profile="hadolint") if one.rule.name == "DL1000"]


_PIECES = st.sampled_from(
    ("FROM a AS b", "FROM $X", "ARG X=$Y", "ENV A=1 B=$A", "RUN <<E", "E", "COPY --from=b a c",
     "# hadolint ignore=DL3006", "# lithify: ignore[all] x", "# check=skip=all;error=true", "\\",
     "RUN a && \\", "  # c", "ONBUILD RUN b", "HEALTHCHECK CMD a", "EXPOSE 1/x", "USER", "\u00e9\x00",
     "# check=error=maybe", "LABEL a", "SHELL [\"a\"]", "WORKDIR ${", "# escape=`", "")
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=12), st.sampled_from(tuple(Profile)))
def test_no_text_stops_the_linter_and_every_finding_lies_in_it(
    pieces: list[str], profile: Profile
) -> None:
    text = "\n".join(pieces)
    file = parse(SourceText("Dockerfile", text))
    for one in lint_file(file, Policy(profile)):
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert one.message
