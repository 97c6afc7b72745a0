"""Comments that silence rules: whose language, which instruction, and what is said of those that mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lint.conftest import Lint

_BAD = "run echo hi\n"
_RULE = "ConsistentInstructionCasing"


def _found(lint: Lint, text: str, profile: str = "default", name: str = _RULE) -> list[int]:
    return [one.span.line for one in lint(text, profile=profile) if name in one.rule.ids]


def _file(above: str) -> str:
    return f'FROM busybox:1\nWORKDIR /srv\n{above}{_BAD}run echo ho\nCMD ["x"]\nUSER 1\n'


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint ignore=ConsistentInstructionCasing\n",
        "# hadolint ignore = keyword-case , SC2086 # a reason\n",
        "# hadolint ignore=keyword-case because of a tool\n",
        "# hadolint ignore=DL9999,keyword-case\n",
        "# check=skip=ConsistentInstructionCasing\n",
        "# check=skip=keyword-case;experimental=X\n",
        "# check=skip=all\n",
        "# lithify: ignore[keyword-case] a reason\n",
        "# lithify: ignore[all]\n",
        "# lithify:ignore[ KEYWORD-CASE , other ]\n",
        "# tally ignore=buildkit/ConsistentInstructionCasing;reason=old\n",
        "# hadolint ignore=keyword-case\n# another comment\n\n",
        "# hadolint ignore=DL3006\n# hadolint ignore=keyword-case\n",
        "# hadolint ignore=keyword-case\n# hadolint ignore=DL3006\n",
    ],
)
def test_a_comment_silences_the_instruction_below_it_and_no_other(lint: Lint, comment: str) -> None:
    text = _file(comment)
    wanted = [text[: text.index("run echo ho")].count("\n") + 1]
    assert _found(lint, text) == wanted


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint ignore=\n",
        "# hadolint ignored=keyword-case\n",
        "# check=skip\n",
        "# check=skipped=keyword-case\n",
        "# lithify: ignore keyword-case\n",
        "# lithify: ignore[keyword-case\n",
        "# hadolint ignore=keyword-case\nENV A=1\n",
    ],
)
def test_a_comment_that_says_something_else_silences_nothing(lint: Lint, comment: str) -> None:
    assert len(_found(lint, _file(comment))) == 2


@pytest.mark.parametrize(
    "comment",
    [
        "# hadolint global ignore=keyword-case\n",
        "# lithify: ignore-file[keyword-case] generated\n",
        "# tally global ignore=keyword-case\n",
    ],
)
def test_a_comment_about_the_file_silences_it_wherever_it_stands(lint: Lint, comment: str) -> None:
    assert _found(lint, _file("") + comment) == []
    assert _found(lint, comment + _file("")) == []


def test_the_directive_skips_for_the_whole_file(lint: Lint) -> None:
    assert _found(lint, f"# check=skip=keyword-case\n{_file('')}") == []


@pytest.mark.parametrize(
    "comment", ["# hadolint stage ignore=keyword-case\n", "# lithify: ignore-stage[keyword-case]\n"]
)
def test_a_comment_about_a_stage_ends_with_it(lint: Lint, comment: str) -> None:
    stage = 'FROM busybox:1\nWORKDIR /srv\nrun a\nUSER 1\nCMD ["x"]\n'
    assert _found(lint, f"{comment}{stage}{stage}") == [9]


def test_a_comment_inside_an_instruction_is_about_it_if_it_is_ours(lint: Lint) -> None:
    inside = "run a && \\\n  # {} \n  b\n"
    head, tail = "FROM busybox:1\nWORKDIR /srv\n", 'CMD ["x"]\nUSER 1\n'
    ours = head + inside.format("lithify: ignore[keyword-case] why") + tail
    theirs = head + inside.format("hadolint ignore=keyword-case") + tail
    assert _found(lint, ours) == []
    assert _found(lint, theirs) == [3]


def test_hadolint_itself_wants_the_comment_directly_above_and_nothing_but_its_rules(
    lint: Lint,
) -> None:
    for comment, is_hidden in (
        ("# hadolint ignore=DL3004\n", True),
        ("# hadolint ignore=DL3004 # why\n", True),
        ("# hadolint ignore=DL3004\n\n", False),
        ("# hadolint ignore=DL3004\n# hadolint ignore=DL3006\n", False),
        ("# hadolint ignore=DL3004, sudo\n", False),
        ("# hadolint ignore=DL3004 because\n", False),
        ("# check=skip=DL3004\n", False),
    ):
        text = f"FROM busybox:1\n{comment}RUN sudo true\n"
        assert (not _found(lint, text, "hadolint", "DL3004")) is is_hidden, comment


def test_hadolint_does_not_count_the_from_to_its_stage(lint: Lint) -> None:
    text = "# hadolint stage ignore=DL3004,DL3006\nFROM busybox\nRUN sudo a\n"
    assert _found(lint, text, "hadolint", "DL3004") == []
    stage = text.replace("DL3004", "from-platform-const").replace("FROM", "FROM --platform=linux/a")
    assert _found(lint, stage, "default", "FromPlatformFlagConstDisallowed") == []
    assert _found(lint, stage.partition("\n")[2], name="FromPlatformFlagConstDisallowed") == [1]


def test_a_syntax_error_cannot_be_ignored(lint: Lint) -> None:
    text = (
        "# hadolint global ignore=DL1000,syntax-error\n# lithify: ignore-file[all]\nFROM a\nRNU x\n"
    )
    assert _found(lint, text, name="DL1000") == [4]


def test_unused_names_are_told_of_one_by_one(lint: Lint) -> None:
    text = _file("# lithify: ignore[keyword-case, maintainer, DL3004] why\n")
    found = [one for one in lint(text) if one.rule.slug == "unused-ignore"]
    assert [one.span.text for one in found] == ["maintainer", "DL3004"]
    assert all(one.level.value == "style" and one.tags == ("unnecessary",) for one in found)


def test_names_are_not_called_unused_in_a_file_that_cannot_be_read_whole(lint: Lint) -> None:
    text = _file("# lithify: ignore[maintainer] why\n")
    assert not [one for one in lint(f"{text}RNU x\n") if one.rule.slug == "unused-ignore"]


def test_a_misspelt_name_is_told_of_with_a_way_out(lint: Lint) -> None:
    found = [
        one
        for one in lint(_file("# lithify: ignore[keyword-csae] why\n"))
        if one.rule.slug == "unknown-rule"
    ]
    assert [one.message for one in found] == [
        "no rule is called keyword-csae (did you mean keyword-case?)"
    ]
    assert found[0].fixes[0].edits[0].text == "keyword-case"


def test_an_experimental_rule_is_heard_where_it_is_asked_for(lint: Lint) -> None:
    text = "# {}is wrong\nFROM busybox:1 AS tools\nRUN a\n"
    name = "InvalidDefinitionDescription"
    assert _found(lint, text.format(""), name=name) == []
    asked = f"# check=experimental={name}\n{text.format('')}"
    assert _found(lint, asked, name=name) == [3]


def test_strict_files_make_checks_errors(lint: Lint) -> None:
    text = f"# check=error=true\n{_file('')}"
    levels = {one.level.value for one in lint(text) if one.rule.name == _RULE}
    assert levels == {"error"}
