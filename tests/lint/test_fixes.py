"""Every fix: the rule is silent after it, a second run changes nothing, and a safe one changes only what the rule says."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from lithify.compiler.lint.linter import Surrounding, lint
from lithify.compiler.lint.policy import Policy
from lithify.compiler.lint.registry import find_rule
from lithify.compiler.offline import LenientResolver
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import SourceText
from lithify.grammar.parser import parse
from tests.lint.conftest import AMD64, Images

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lithify.compiler.lint.context import Fix
    from lithify.compiler.lint.linter import LintFinding
    from lithify.compiler.plan import Plan

_OPTIONS = BuildOptions(host=AMD64)
_AUTHORS = "org.opencontainers.image.authors"


class Case(NamedTuple):
    """`differs` are the parts of the image that the rule is about; `was_impossible`: there was no plan before."""

    rule: str
    before: str
    after: str
    differs: frozenset[str] = frozenset()
    was_impossible: bool = False


def _findings(text: str, rule: str) -> list[LintFinding]:
    surrounding = Surrounding(_OPTIONS, LenientResolver(Images()))
    found = lint(parse(SourceText("Dockerfile", text)), Policy(), surrounding)
    return [one for one in found if one.rule.slug == rule]


def _applied(text: str, fixes: Iterable[Fix]) -> str:
    edits = {(one.span.start, one.span.end, one.text) for fix in fixes for one in fix.edits}
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _fixes(text: str, rule: str) -> list[Fix]:
    return [fix for one in _findings(text, rule) for fix in one.fixes]


def _plan(text: str) -> Plan:
    return make_plan(parse(SourceText("Dockerfile", text)), _OPTIONS, LenientResolver(Images()))


def _meaning(text: str) -> dict[str, Any]:
    plan = _plan(text)
    image = plan.results[0]
    meaning = {one.name: getattr(image.config, one.name) for one in fields(image.config)}
    steps = [(step.op, step.parent, step.platform) for step in plan.steps]
    return {**meaning, "author": image.author, "steps": steps}


_SAFE = [
    Case(
        "stage-name-case",
        "FROM scratch AS Base\nFROM scratch AS Next\nCOPY --from=Base --chown=Base /Base /\n"
        'RUN --mount=type=bind,target=/Base,from="Base" x\nRUN --mount=from=base,target=/Next y\n',
        "FROM scratch AS base\nFROM scratch AS next\nCOPY --from=base --chown=Base /Base /\n"
        'RUN --mount=type=bind,target=/Base,from="base" x\nRUN --mount=from=base,target=/Next y\n',
        was_impossible=True,
    ),
    Case(
        "stage-name-case",
        "FROM scratch AS Base\nFROM scratch\nCOPY --from=Base /Base /\n",
        "FROM scratch AS base\nFROM scratch\nCOPY --from=base /Base /\n",
    ),
    Case("from-as-case", "from scratch \\\n  AS a\n", "from scratch \\\n  as a\n"),
    Case(
        "keyword-case",
        "From scratch as a\ncopy a /\nCOPY b /\n",
        "FROM scratch AS a\nCOPY a /\nCOPY b /\n",
    ),
    Case(
        "keyword-case",
        "from scratch AS a\ncopy a /\nENV a=copy\n",
        "from scratch AS a\ncopy a /\nenv a=copy\n",
    ),
    Case(
        "empty-continuation",
        "FROM busybox\nRUN one \\\n\n  \n# why\n  && two\nRUN <<E \\\n\n  x\na\n\nb\nE\nRUN c\n",
        "FROM busybox\nRUN one \\\n# why\n  && two\nRUN <<E \\\n  x\na\n\nb\nE\nRUN c\n",
    ),
    Case(
        "json-form",
        "FROM busybox\nCMD httpd -f  -p 80\n",
        'FROM busybox\nCMD ["httpd", "-f", "-p", "80"]\n',
        frozenset({"cmd"}),
    ),
    Case(
        "json-form",
        "FROM busybox\nENTRYPOINT httpd \\\n  -f\n",
        'FROM busybox\nENTRYPOINT ["httpd", "-f"]\n',
        frozenset({"entrypoint"}),
    ),
    Case(
        "maintainer",
        'FROM scratch\nMAINTAINER Joe "$X" \\o/ <j@x.example>\nmaintainer "me"\n',
        f'FROM scratch\nLABEL {_AUTHORS}="Joe \\"\\$X\\" \\\\o/ <j@x.example>"\nlabel {_AUTHORS}="me"\n',
        frozenset({"labels", "author"}),
    ),
    Case(
        "multiple-instructions",
        'FROM busybox\nCMD ["a"]\nHEALTHCHECK CMD \\\n  a\nENTRYPOINT ["e"]\nHEALTHCHECK NONE\nCMD ["b"]',
        'FROM busybox\nENTRYPOINT ["e"]\nHEALTHCHECK NONE\nCMD ["b"]',
    ),
    Case(
        "legacy-key-value",
        "FROM scratch\nENV A b\nENV B   c d=$A\nLABEL c \"d  e\"\nlabel e 'f'\n",
        'FROM scratch\nENV A=b\nENV B="c d=$A"\nLABEL c="d  e"\nlabel e=\'f\'\n',
    ),
    Case(
        "from-platform-redundant",
        "FROM --platform=$TARGETPLATFORM scratch\nFROM --platform=${TARGETPLATFORM} \\\n busybox\n",
        "FROM scratch\nFROM  \\\n busybox\n",
    ),
    Case(
        "expose-proto-case",
        "FROM scratch\nEXPOSE 80/TCP 81/Udp\n",
        "FROM scratch\nEXPOSE 80/tcp 81/udp\n",
    ),
    Case(
        "expose-format",
        "FROM scratch\nEXPOSE 127.0.0.1:80:8080 [::1]::81/udp 5000-5001:6000-6001\n",
        "FROM scratch\nEXPOSE 8080 81/udp 6000-6001\n",
    ),
    Case("workdir-relative", "FROM scratch\nWORKDIR a/b\n", "FROM scratch\nWORKDIR /a/b\n"),
    Case(
        "workdir-relative",
        "FROM java AS one\nFROM one\nWORKDIR ./a\n",
        "FROM java AS one\nFROM one\nWORKDIR /a\n",
    ),
    Case(
        "copy-multi-dest-slash",
        'FROM scratch\nCOPY a b /c\nCOPY ["a", "b", "/d e"]\nCOPY a b "/f"\n',
        'FROM scratch\nCOPY a b /c/\nCOPY ["a", "b", "/d e/"]\nCOPY a b "/f/"\n',
        was_impossible=True,
    ),
    Case(
        "add-instead-of-copy",
        "FROM scratch\nADD --chown=1 a b /c/\nadd <<E /d\nx\nE\n",
        "FROM scratch\nCOPY --chown=1 a b /c/\ncopy <<E /d\nx\nE\n",
        frozenset({"steps"}),
    ),
]

_UNSAFE = [
    Case(
        "undefined-var",
        "FROM scratch\nARG VERSION=1\nENV A=$VERISON B=${VERISON:-x} C=\\$VERISON\n",
        "FROM scratch\nARG VERSION=1\nENV A=$VERSION B=${VERSION:-x} C=\\$VERISON\n",
    ),
    Case(
        "undefined-arg-in-from",
        "ARG TAG=1\nFROM busybox:${TGA:-2}\n",
        "ARG TAG=1\nFROM busybox:${TAG:-2}\n",
    ),
    Case(
        "copy-from-unknown",
        "FROM busybox:1 AS build\nFROM scratch\nCOPY --from=bulid --chmod=755 /bulid /\n",
        "FROM busybox:1 AS build\nFROM scratch\nCOPY --from=build --chmod=755 /bulid /\n",
    ),
    Case(
        "add-instead-of-copy",
        "FROM scratch\nARG X=a\nADD *.txt $X /c/\n",
        "FROM scratch\nARG X=a\nCOPY *.txt $X /c/\n",
    ),
    Case(
        "json-form",
        'FROM busybox\nCMD serve "$HOME" *.txt\n',
        'FROM busybox\nCMD ["/bin/sh", "-c", "exec serve \\"$HOME\\" *.txt"]\n',
    ),
]


def _named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.rule)


@_named([*_SAFE, *_UNSAFE])
def test_a_fix_ends_what_was_found_and_a_second_run_changes_nothing(case: Case) -> None:
    assert _applied(case.before, _fixes(case.before, case.rule)) == case.after
    assert _findings(case.after, case.rule) == []


@_named(_SAFE)
def test_a_safe_fix_changes_only_what_the_rule_is_about(case: Case) -> None:
    assert all(fix.is_safe for fix in _fixes(case.before, case.rule))
    after = _meaning(case.after)
    if case.was_impossible:
        return
    before = _meaning(case.before)
    changed = {name for name in after if before[name] != after[name]}
    assert changed == case.differs


@_named(_UNSAFE)
def test_a_fix_that_guesses_says_so(case: Case) -> None:
    fixes = _fixes(case.before, case.rule)
    assert fixes and not any(fix.is_safe for fix in fixes)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("json-form", "FROM busybox\nCMD a && b\n"),
        ("json-form", "FROM busybox\nCMD cd /srv\n"),
        ("json-form", "FROM busybox\nCMD A=1 serve\n"),
        ("json-form", "FROM busybox\nCMD a \\\n# why\n  b\n"),
        ("legacy-key-value", 'FROM scratch\nENV A it\'s "b"\n'),
        ("legacy-key-value", "FROM scratch\nENV A b\\ c\n"),
        ("legacy-key-value", "FROM scratch\nENV A b \\\n c\n"),
        ("expose-proto-case", "FROM scratch\nARG P=80/TCP\nEXPOSE $P\n"),
        ("expose-format", "FROM scratch\nARG P=80\nEXPOSE 80:$P\n"),
        ("workdir-relative", "FROM unknown\nWORKDIR a\n"),
        ("workdir-relative", "FROM scratch\nARG P=a\nWORKDIR $P\n"),
        ("copy-from-unknown", "FROM scratch\nCOPY --from=elsewhere a /\n"),
        ("add-instead-of-copy", "FROM scratch\nADD a b.tar /c/\n"),
        ("image-untagged", "FROM busybox\n"),
    ],
)
def test_what_is_not_known_is_not_fixed(rule: str, text: str) -> None:
    findings = _findings(text, rule)
    assert findings
    assert not [fix for one in findings for fix in one.fixes]


@pytest.mark.parametrize(
    ("rule", "text", "words"),
    [
        ("stage-name-case", "FROM a AS Bc\n", ["Bc"]),
        ("from-as-case", "FROM a as b\n", ["as"]),
        ("keyword-case", "FROM a\ncopy b /\n", ["copy"]),
        ("empty-continuation", "FROM a\nRUN b \\\n\n c\n", ["\n"]),
        ("stage-name-duplicate", "FROM a AS b\nFROM a AS b\n", ["b"]),
        ("stage-name-reserved", "FROM a AS context\n", ["context"]),
        ("json-form", "FROM a\nCMD b c\n", ["b c"]),
        ("maintainer", "FROM a\nMAINTAINER b\n", ["MAINTAINER"]),
        ("undefined-var", "FROM a\nENV b=c$D d=$D\n", ["D"]),
        ("undefined-var", "FROM a\nRUN --mount=target=$T echo $T\n", ["T"]),
        ("undefined-arg-in-from", "FROM --platform=$P a:${T:-1}\n", ["P", "T"]),
        ("multiple-instructions", 'FROM a\nCMD ["a"]\nCMD ["b"]\n', ["CMD"]),
        ("legacy-key-value", "FROM a\nENV b c  d\n", ["b c  d"]),
        ("base-platform-mismatch", "FROM foreign AS a\n", ["foreign"]),
        ("from-platform-const", "FROM --platform=linux/amd64 a\n", ["--platform=linux/amd64"]),
        ("secret-in-arg-env", "FROM a\nENV b=1 TOKEN=2\n", ["TOKEN"]),
        ("invalid-default-arg", "ARG T\nFROM a:$T\n", ["a:$T"]),
        ("expose-proto-case", "FROM a\nEXPOSE 1 2/TCP\n", ["2/TCP"]),
        ("expose-format", "FROM a\nEXPOSE 1 2:3\n", ["2:3"]),
        ("workdir-relative", "FROM a\nWORKDIR b\n", ["b"]),
        ("copy-from-unknown", "FROM a\nCOPY --from=b c /\n", ["b"]),
        ("label-key", 'FROM a\nLABEL b="1" C="2"\n', ["C"]),
    ],
)
def test_a_finding_points_at_the_words_at_fault(rule: str, text: str, words: list[str]) -> None:
    assert find_rule(rule) is not None
    assert [one.span.text for one in _findings(text, rule)] == words
