"""What people say about checks: the directive, the build argument, comments above an instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.compiler.lint.engine import violation
from lithify.compiler.lint.pragma import Settings, parse_settings
from lithify.errors import SourceError

if TYPE_CHECKING:
    from tests.lint.conftest import Check, Lines

_ARG = "BUILDKIT_DOCKERFILE_CHECK"


@pytest.mark.parametrize(
    ("directive", "found"),
    [
        ("# an ordinary comment", ["2:StageNameCasing", "2:FromAsCasing"]),
        ("# check=skip=FromAsCasing", ["2:StageNameCasing"]),
        ("# check=skip=from-as-case", ["2:StageNameCasing"]),
        ("#CHECK = skip=FromAsCasing,StageNameCasing", []),
        ("# check=skip=FromAsCasing, StageNameCasing", ["2:StageNameCasing"]),
        ("# check=skip=FromAsCasing // because", ["2:StageNameCasing"]),
        ("# check=skip=fromascasing", ["2:StageNameCasing", "2:FromAsCasing"]),
        ("# check=skip=NoSuchRule", ["2:StageNameCasing", "2:FromAsCasing"]),
        ("# check=skip=all", []),
        ("# check=skip=all;error=true", []),
        ("# check=error=true;skip=all", []),
    ],
)
def test_the_directive_skips_rules_of_the_whole_file(
    directive: str, found: list[str], check: Check, lines: Lines
) -> None:
    checked = check(f"{directive}\nFROM scratch as Xy\n")
    assert lines(checked) == found
    assert checked.error is None


def test_the_build_argument_replaces_the_directive(check: Check, lines: Lines) -> None:
    text = "# check=skip=all\nFROM scratch as Xy\n"
    assert lines(check(text, args={_ARG: "skip=FromAsCasing"})) == ["2:StageNameCasing"]
    assert len(lines(check(text, args={_ARG: ""}))) == 2


def test_a_comment_above_an_instruction_speaks_for_this_one_only(
    check: Check, lines: Lines
) -> None:
    text = (
        "FROM scratch\n"
        "# why we do so\n"
        "# check=skip=LegacyKeyValueFormat\n"
        "ENV a b\n"
        "ENV c d\n"
        "# check=skip=all\n"
        "#\n"
        "ENV e f\n"
        "# check=skip=LegacyKeyValueFormat;error=what\n"
        "ENV g h\n"
    )
    assert lines(check(text)) == [f"{n}:LegacyKeyValueFormat" for n in (5, 8, 10)]


def test_a_comment_above_an_instruction_can_ask_for_an_experimental_rule(
    check: Check, lines: Lines
) -> None:
    text = "\n# check=experimental=InvalidDefinitionDescription\n# remark\nARG a=1\n# b\nARG c\n"
    assert lines(check(text + "FROM scratch\n")) == ["4:InvalidDefinitionDescription"]


def test_an_experimental_rule_that_is_asked_for_cannot_be_skipped(
    check: Check, lines: Lines
) -> None:
    text = "# check=skip=all;experimental=all\n# remark\nARG a=1\nFROM scratch\n"
    assert lines(check(text)) == ["3:InvalidDefinitionDescription"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("skip", 'invalid check option "skip"'),
        ("skp=all", 'invalid check option "skp"'),
        ("error=maybe", 'failed to parse check option "error=maybe"'),
        ("skip=A;error=", 'failed to parse check option "error="'),
    ],
)
def test_an_unknown_option_is_a_mistake_at_the_directive(
    text: str, message: str, check: Check
) -> None:
    with pytest.raises(SourceError, match=message):
        parse_settings(text)
    error = check(f"# syntax=x\n# check={text}\nFROM scratch\n").error
    assert error is not None and error.span is not None
    assert error.span.line == 2


def test_options_are_read_with_blanks_around() -> None:
    found = parse_settings(" skip = A , B ; error = T ;; experimental=C")
    assert found == Settings(frozenset("AB"), frozenset("C"), is_error=True)


def test_findings_of_a_strict_file_are_a_violation(check: Check) -> None:
    text = "# check=error=true\nFROM scratch as a\nFROM scratch as b\nMAINTAINER me\n"
    error = violation(check(text))
    assert error is not None
    expected = "lint violation found for rules: FromAsCasing, MaintainerDeprecated"
    assert error.message == expected


def test_without_findings_or_strictness_there_is_no_violation(check: Check) -> None:
    assert violation(check("# check=error=true\nFROM scratch\n")) is None
    assert violation(check("# check=skip=all;error=true\nFROM scratch as a\n")) is None
    assert violation(check("FROM scratch as a\n")) is None
