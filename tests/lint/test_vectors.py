"""Short files and what must be said of them: the vectors of section 6.7 of the language's specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.lint.conftest import Check, Lines

_TWICE = """FROM scratch
ENTRYPOINT ["a"]
ENTRYPOINT ["b"]
CMD ["a"]
CMD ["b"]
HEALTHCHECK NONE
HEALTHCHECK CMD ["a"]
"""
_ALL = "# check=experimental=all\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FROM scratch AS BadStageName", ["1:StageNameCasing"]),
        ("FROM scratch as x", ["1:FromAsCasing"]),
        ("from scratch AS x", ["1:FromAsCasing"]),
        ("From scratch as x", ["1:ConsistentInstructionCasing"]),
        ("From scratch AS x", ["1:ConsistentInstructionCasing"]),
        ("FROM scratch\nCOPY a \\\n\nb\n", ["4:NoEmptyContinuation"]),
        ("FROM scratch\ncopy a /x\nCOPY b /y", ["2:ConsistentInstructionCasing"]),
        ("from scratch\nCOPY a /x\ncopy b /y", ["2:ConsistentInstructionCasing"]),
        ("FROM scratch AS b\nFROM scratch AS b", ["2:DuplicateStageName"]),
        ("FROM scratch\nCMD echo hi", ["2:JSONArgsRecommended"]),
        ('FROM scratch\nSHELL ["/s"]\nCMD echo hi', []),
        ('FROM scratch AS a\nSHELL ["/s"]\nFROM a\nCMD echo hi', []),
        ("FROM java\nCMD echo hi", []),
        (_TWICE, [f"{n}:MultipleInstructionsDisallowed" for n in (2, 4, 6)]),
        ('FROM scratch AS a\nCMD ["a"]\nFROM a\nCMD ["b"]', []),
        ("FROM scratch\nWORKDIR app/", ["2:WorkdirRelativePath"]),
        ("FROM scratch\nWORKDIR /app\nWORKDIR app/", []),
        ("FROM scratch AS a\nWORKDIR /app\nFROM a\nWORKDIR app/", []),
        ("FROM scratch\nENV k v\nLABEL k v", ["2:LegacyKeyValueFormat", "3:LegacyKeyValueFormat"]),
        ("ARG DEBUG\nFROM scratch${DEBUG}", []),
        ("ARG DEBUG\nFROM scra${DEBUG:-tch}", []),
        ('ARG DEBUG=""\nFROM scratch${DEBUG-@bogus}', []),
        ("ARG tag=latest\nFROM busybox:${tag}${version} AS b", ["2:UndefinedArgInFrom"]),
        ("FROM alpine\nCOPY $foo .\nARG foo=bar", ["2:UndefinedVar"]),
        ("FROM alpine\nENV PATH=$PAHT:/tmp/bin", ["2:UndefinedVar"]),
        ("FROM alpine AS base\nARG foo=Dockerfile\nFROM base\nCOPY $foo .", []),
        ("FROM java\nENV PATH=$JAVA_HOME/bin:$PATH", []),
        ("FROM child\nCOPY $FIRED /", []),
        ('ARG VERSION="latest"\nFROM busybox:$VERSION', []),
        ("ARG VERSION\nFROM busybox:${VERSION:-latest}", []),
        ("FROM --platform=linux/amd64 scratch", ["1:FromPlatformFlagConstDisallowed"]),
        ("FROM --platform=linux/amd64 scratch AS my_amd64_stage", []),
        ("FROM --platform=linux/amd64 scratch AS linux", []),
        (
            _ALL + "# bar this is the bar\nARG foo=bar\nFROM scratch",
            ["3:InvalidDefinitionDescription"],
        ),
        (_ALL + "FROM scratch\n# baz this\nARG foo=baz bar=qux baz=quux", []),
        ("FROM scratch\nEXPOSE 80/TcP", ["2:ExposeProtoCasing"]),
        ("FROM scratch\nEXPOSE 127.0.0.1:80:80", ["2:ExposeInvalidFormat"]),
        ("FROM scratch\nEXPOSE 80:80", ["2:ExposeInvalidFormat"]),
    ],
)
def test_a_file_and_its_findings(text: str, found: list[str], check: Check, lines: Lines) -> None:
    checked = check(text)
    assert checked.error is None
    assert lines(checked) == found


@pytest.mark.parametrize(
    ("text", "ignore", "found"),
    [
        ("COPY Dockerfile .\nADD Dockerfile /windy", "Dockerfile", [2, 3]),
        ("COPY . .\nCOPY ./Dockerfile .", "**\n!Dockerfile", []),
        ("COPY . .", "*", [2]),
        ("COPY / /", "**", [2]),
        ("COPY . .", "**/*", [2]),
        ("COPY . .", "foobar", []),
        ("COPY foobar /", None, []),
    ],
)
def test_sources_that_the_ignore_file_takes_away(
    text: str, ignore: str | None, found: list[int], check: Check, lines: Lines
) -> None:
    checked = check(f"FROM scratch\n{text}\n", ignore=ignore)
    assert lines(checked) == [f"{line}:CopyIgnoredFile" for line in found]


@pytest.mark.parametrize(
    ("text", "rule", "message", "error"),
    [
        (
            "FROM --platform=$BULIDPLATFORM scratch",
            "UndefinedArgInFrom",
            "FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)",
            "empty platform value from expression $BULIDPLATFORM (did you mean BUILDPLATFORM?)",
        ),
        (
            "ARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} busybox",
            "UndefinedArgInFrom",
            "FROM argument 'MYARCH' is not declared (did you mean MY_ARCH?)",
            "failed to parse platform linux/",
        ),
        (
            "ARG VERSION\nFROM busybox:$VERSION",
            "InvalidDefaultArgInFrom",
            "Default value for ARG busybox:$VERSION results in empty or invalid base image name",
            "busybox:",
        ),
    ],
)
def test_findings_stand_beside_the_error_of_the_same_file(
    text: str, rule: str, message: str, error: str, check: Check
) -> None:
    checked = check(text)
    assert [(one.rule.name, one.message) for one in checked.findings] == [(rule, message)]
    assert checked.plan is None
    assert checked.error is not None and error in checked.error.message


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("ARG VERSION\nFROM busybox:$VERSION", {"VERSION": "latest"}),
        ('ARG SFX="box:"\nFROM busy${SFX}', {"SFX": "box:latest"}),
    ],
)
def test_a_default_is_bad_also_when_a_build_argument_saves_the_build(
    text: str, args: dict[str, str], check: Check, lines: Lines
) -> None:
    checked = check(text, args=args)
    assert checked.error is None
    assert lines(checked) == ["2:InvalidDefaultArgInFrom"]


def test_an_undefined_variable_comes_with_a_guess(check: Check) -> None:
    checked = check("FROM alpine\nENV PATH=$PAHT:/tmp/bin\nLABEL x=$FARAWAY")
    assert [one.message for one in checked.findings] == [
        "Usage of undefined variable '$PAHT' (did you mean $PATH?)",
        "Usage of undefined variable '$FARAWAY'",
    ]


_MISTAKE = "\nFROM scratch AS BadStageName\nMAINTAINER joe@example.org\nBADCMD\nMAINTAINER again\n"


def test_what_stands_before_a_mistake_is_still_reported(check: Check, lines: Lines) -> None:
    checked = check(_MISTAKE)
    assert lines(checked) == ["2:StageNameCasing", "3:MaintainerDeprecated"]
    assert checked.error is not None and "unknown instruction: BADCMD" in checked.error.message


_UNUSED = "FROM scratch AS unused\nCOPY $one /\nFROM scratch AS target\nCOPY $two /\n"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"every_stage": True}, ["2:UndefinedVar", "4:UndefinedVar"]),
        ({"every_stage": False}, ["4:UndefinedVar"]),
        ({"every_stage": False, "target": "unused"}, ["2:UndefinedVar"]),
    ],
)
def test_instructions_of_stages_that_are_not_needed_are_looked_at_only_when_asked_for(
    options: dict[str, Any], found: list[str], check: Check, lines: Lines
) -> None:
    assert lines(check(_UNUSED, **options)) == found
